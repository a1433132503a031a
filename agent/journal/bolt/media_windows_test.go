package bolt

import "golang.org/x/sys/windows"

func mediaErrors() []error {
	return []error{windows.ERROR_CRC, windows.ERROR_SECTOR_NOT_FOUND, windows.ERROR_READ_FAULT, windows.ERROR_IO_DEVICE}
}
