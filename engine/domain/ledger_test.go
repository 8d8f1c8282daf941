package domain_test

import (
	"encoding/binary"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// FuzzLedgerEntry holds Check to what it promises, in numbers that cannot overflow:
// what it lets through adds up to nothing, moves something, is bounded and names
// each account once; and it lets all of that through.
func FuzzLedgerEntry(f *testing.F) {
	add := func(amounts ...int64) {
		var raw []byte
		for i, n := range amounts {
			raw = append(binary.BigEndian.AppendUint64(append(raw, byte(i)), uint64(n)), 0)
		}
		f.Add(raw)
	}
	add(1, -1)
	add(24750, 250, -25000)
	add(1<<62, 1<<62, -1<<63)
	add(-1<<63, -1<<63)
	add(domain.MaxPosting, -domain.MaxPosting)
	add(domain.MaxPosting+1, -domain.MaxPosting-1)
	add(0, 0)
	f.Fuzz(func(t *testing.T, raw []byte) {
		e := domain.LedgerEntry{
			ID: domain.NewID[domain.EntryID](domain.PrefixEntry), Environment: "env_a", Kind: "collection", Resource: "TX_1", Currency: "XOF", At: time.Unix(1, 0),
		}
		for ; len(raw) >= 10; raw = raw[10:] {
			e.Postings = append(e.Postings, domain.Posting{
				Account: account(raw[0]), Amount: int64(binary.BigEndian.Uint64(raw[1:9])), AtLeastZero: raw[9]&1 == 1, Refused: refusal(raw[9]),
			})
		}
		want := len(e.Postings) <= domain.MaxPostings
		sum, moved, seen := new(big.Int), false, map[domain.Account]bool{}
		for _, p := range e.Postings {
			bounded := p.Amount <= domain.MaxPosting && p.Amount >= -domain.MaxPosting
			want = want && bounded && !seen[p.Account] && (!p.AtLeastZero || p.Refused != nil)
			sum.Add(sum, big.NewInt(p.Amount))
			moved, seen[p.Account] = moved || p.Amount != 0, true
		}
		want = want && moved && sum.Sign() == 0
		err := e.Check()
		if (err == nil) != want || err != nil && !errors.Is(err, domain.ErrEntry) {
			t.Errorf("%+v: %v", e.Postings, err)
		}
	})
}

// account is one of many, and refusal an error or none.
func account(b byte) domain.Account {
	switch b {
	case 0:
		return domain.AccountFloat
	case 1:
		return domain.AccountCommission
	}
	return domain.SettlementAccount("op" + string(rune('a'+b%26)) + string(rune('a'+b/26)))
}

func refusal(b byte) error {
	if b&2 == 0 {
		return nil
	}
	return errors.New("not enough")
}
