package service

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// The parts of an access control list as the kernel stores it: version 2, then tag, rights and account of each entry.
const (
	aclVersion  = 2
	aclOwner    = 0x01
	aclUser     = 0x02
	aclGroup    = 0x04
	aclMask     = 0x10
	aclOthers   = 0x20
	aclNoOne    = 0xffffffff
	aclAll      = 7
	aclReadOnly = 5
)

// letMove has whatever folders others make in dir belong to the account as well as to them: to move a folder away one must
// be able to write in it. File systems without access control lists, and shares that do not let root set them, are left as
// they are.
func letMove(dir string, o owner) error {
	acl := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, entry := range []struct {
		tag, rights uint16
		account     uint32
	}{
		{aclOwner, aclAll, aclNoOne}, {aclUser, aclAll, uint32(o.uid)}, {aclGroup, aclAll, aclNoOne},
		{aclMask, aclAll, aclNoOne}, {aclOthers, aclReadOnly, aclNoOne},
	} {
		acl = binary.LittleEndian.AppendUint16(acl, entry.tag)
		acl = binary.LittleEndian.AppendUint16(acl, entry.rights)
		acl = binary.LittleEndian.AppendUint32(acl, entry.account)
	}
	err := unix.Lsetxattr(dir, "system.posix_acl_default", acl, 0)
	if err != nil && !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("let the service move what is delivered to %s: %w", dir, err)
	}
	return nil
}
