package watcher

// share is the kind of file system that a folder lies on.
type share struct {
	name       string // as a technician knows it
	network    bool   // others may change it without this machine's kernel knowing
	identities bool   // files keep their identity while they exist
}
