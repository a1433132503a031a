// Package outbox writes what others read: files that are complete before they are visible, under names that every
// file system takes, and moves that never lose or overwrite anything, also across file systems.
//
// It never deletes a file that it did not write itself, except the source of a move after its copy is durable. Its
// callers are the pipelines; it imports nothing of ours.
package outbox
