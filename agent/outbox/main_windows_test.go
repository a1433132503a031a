package outbox

// readerIsShutOut says whether a reader may be refused for the instant in which a file is being replaced.
func readerIsShutOut(err error) bool { return isBusy(err) }
