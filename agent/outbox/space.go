package outbox

// Space is how much room there is on a folder's disk.
type Space struct {
	Free uint64 // bytes that the account may still write
	Size uint64 // of the whole disk
}
