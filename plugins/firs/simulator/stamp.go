package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// StampCheck is a QR text to look into, as the authority's buyer app would.
type StampCheck struct {
	QR string `json:"qr"`
	// IRN that the text should carry; its service id finds the key. Without it
	// every business's key is tried.
	IRN string `json:"irn,omitempty"`
	// Sample lets the simulator decrypt one in Settings.QRSample only: a load
	// test pays for few private-key operations.
	Sample bool `json:"sample,omitempty"`
}

// StampVerdict is what a QR text says.
type StampVerdict struct {
	// Checked is false when the text was counted but not decrypted.
	Checked  bool      `json:"checked"`
	IRN      string    `json:"irn,omitempty"`
	IssuedAt time.Time `json:"issuedAt,omitzero"`
	// Plaintext is the JSON as it was encrypted, BusinessID whose key opened it.
	Plaintext  *Stamp `json:"plaintext,omitempty"`
	BusinessID string `json:"businessId,omitempty"`
}

// CheckStamp decrypts a QR text and checks that it carries the business's
// certificate, a plausible time and the IRN it should. The error wraps
// ErrStamp.
func (s *Simulator) CheckStamp(in StampCheck) (StampVerdict, error) {
	candidates, due := s.stampKeys(in)
	if !due {
		return StampVerdict{}, nil
	}
	v, err := openWith(candidates, in)
	s.mu.Lock()
	s.tally.StampsOpened++
	if err != nil {
		s.tally.StampsBad++
	}
	s.mu.Unlock()
	return v, err
}

// stampKeys counts the check and answers whose keys to try, if any.
func (s *Simulator) stampKeys(in StampCheck) ([]*taxpayer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.Stamps++
	if in.Sample && s.tally.Stamps%int64(max(s.settings.QRSample, 1)) != 0 {
		return nil, false
	}
	if parts := strings.Split(in.IRN, "-"); len(parts) == 3 {
		if t, known := s.accounts.byService[parts[1]]; known {
			return []*taxpayer{t}, true
		}
	}
	return s.accounts.all(), true
}

func openWith(candidates []*taxpayer, in StampCheck) (StampVerdict, error) {
	err := fmt.Errorf("%w: no business is provisioned", ErrStamp)
	for _, t := range candidates {
		var stamp Stamp
		if stamp, err = openStamp(t.private, in.QR); err == nil {
			return t.judge(stamp, in.IRN)
		}
	}
	return StampVerdict{}, err
}

func (t *taxpayer) judge(stamp Stamp, irn string) (StampVerdict, error) {
	at := strings.LastIndexByte(stamp.IRN, '.')
	if at < 0 {
		return StampVerdict{}, fmt.Errorf("%w: irn carries no time", ErrStamp)
	}
	seconds, err := strconv.ParseInt(stamp.IRN[at+1:], 10, 64)
	switch {
	case err != nil || seconds <= 0:
		return StampVerdict{}, fmt.Errorf("%w: irn carries no unix seconds", ErrStamp)
	case stamp.Certificate != t.Certificate:
		return StampVerdict{}, fmt.Errorf("%w: another certificate", ErrStamp)
	case irn != "" && stamp.IRN[:at] != irn:
		return StampVerdict{}, fmt.Errorf("%w: it is about %s", ErrStamp, stamp.IRN[:at])
	}
	return StampVerdict{
		Checked: true, IRN: stamp.IRN[:at], IssuedAt: time.Unix(seconds, 0).UTC(),
		Plaintext: &stamp, BusinessID: t.BusinessID,
	}, nil
}
