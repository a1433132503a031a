// Package poll is the Aju pipeline: lists of Aju numbers become tracked documents, each is polled at T2G until it is
// finished, and its status, responses and decoded PDFs appear in the outbox.
//
// The way of a number: a list at rest is parsed (list*.go, pure), every number is put into the journal, the list
// moves to the outbox (accept.go). Workers claim the document that is due first, ask statusrespon, and getresbycar
// when there is a response that the outbox has not had yet (work.go), deliver what came (respon.go), and settle the
// claim with the next time (pace.go, pure). The summary of each list follows behind (summary.go).
//
// It never polls a number faster than its pace, also across restarts; never writes a response twice; never lets a
// name from a list or a server leave the folder it belongs in. It does not retry a request: the journal's due time
// is the only retry loop. Its caller is the agent; it and package upload do not know each other.
package poll
