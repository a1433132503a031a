package transport

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sioTCPInfo is SIO_TCP_INFO: Windows 10 1703 and later.
const sioTCPInfo = 0xD8000027

// tcpInfo is TCP_INFO_v0.
type tcpInfo struct {
	State             uint32
	Mss               uint32
	ConnectionTimeMs  uint64
	TimestampsEnabled uint8
	_                 [3]byte
	RttUs             uint32
	MinRttUs          uint32
	BytesInFlight     uint32
	Cwnd              uint32
	SndWnd            uint32
	RcvWnd            uint32
	RcvBuf            uint32
	BytesOut          uint64
	BytesIn           uint64
	BytesReordered    uint32
	BytesRetrans      uint32
	FastRetrans       uint32
	DupAcksIn         uint32
	TimeoutEpisodes   uint32
	SynRetrans        uint8
	_                 [3]byte
}

// acknowledged returns how many bytes the peer of a TCP connection has acknowledged.
func acknowledged(c syscall.RawConn) (uint64, bool) {
	var info tcpInfo
	var err error
	ctlErr := c.Control(func(fd uintptr) {
		var version, returned uint32
		err = windows.WSAIoctl(windows.Handle(fd), sioTCPInfo,
			(*byte)(unsafe.Pointer(&version)), uint32(unsafe.Sizeof(version)),
			(*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), &returned, nil, 0)
	})
	if ctlErr != nil || err != nil {
		return 0, false
	}
	return info.BytesOut - uint64(info.BytesRetrans) - uint64(info.BytesInFlight), true
}
