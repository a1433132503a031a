package service

import "fmt"

// Drive is a drive letter that the service's account does not have, or may not.
type Drive struct {
	Letter  string // "Q:"
	Kind    DriveKind
	Behind  string // the share or the folder that the letter stands for; "" when that is not known
	Instead string // the whole path without the letter; "" likewise
}

// DriveKind is why an account has a drive letter that another has not.
type DriveKind int

// The kinds.
const (
	NoDrive     DriveKind = iota // this account does not have it either
	Share                        // it is connected to a share
	Substituted                  // it was made with subst
)

// Words say what is wrong with the drive, and what to write instead.
func (d Drive) Words(say func(indonesian, english string) string) (wrong, remedy string) {
	switch d.Kind {
	case Share:
		wrong = fmt.Sprintf(say("%s adalah drive jaringan; layanan tidak melihat huruf drive milik pengguna",
			"%s is a network drive; a service does not see the drive letters of a user"), d.Letter)
	case Substituted:
		wrong = fmt.Sprintf(say("%s dibuat dengan subst untuk %s, dan hanya ada bagi pengguna yang membuatnya",
			"%s was made with subst for %s, and is there for the user alone who made it"), d.Letter, d.Behind)
	default:
		wrong = fmt.Sprintf(say("tidak ada drive %s bagi akun ini; drive jaringan dan subst milik pengguna tidak dilihat layanan",
			"there is no drive %s for this account; a service does not see the network drives and subst drives of a user"), d.Letter)
	}
	if d.Instead == "" {
		return wrong, say(`tulis folder atau share (\\server\share) di balik huruf itu`,
			`write the folder or the share (\\server\share) behind the letter`)
	}
	return wrong, fmt.Sprintf(say("tulis %s", "write %s"), d.Instead)
}
