package transport

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// acknowledged returns how many bytes the peer of a TCP connection has acknowledged.
func acknowledged(c syscall.RawConn) (uint64, bool) {
	var info *unix.TCPInfo
	var err error
	ctlErr := c.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if ctlErr != nil || err != nil {
		return 0, false
	}
	return info.Bytes_acked, true
}
