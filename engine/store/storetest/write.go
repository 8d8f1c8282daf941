package storetest

import (
	"errors"
	"testing"

	"github.com/afara-dev/afara/engine/store"
)

var errMine = errors.New("mine")

func writeIsAtomic(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("a", 1), insert("b", 2))
	want(t, s, 3, `SELECT CAST(sum(n) AS BIGINT) FROM probe`)

	err := s.Write(t.Context(), []store.Statement{insert("c", 4), fenced("a", 7), insert("d", 8)})
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("a fenced write under the wrong epoch: %v, want ErrStale", err)
	}
	want(t, s, 3, `SELECT CAST(sum(n) AS BIGINT) FROM probe`)
}

func wrongCount(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("a", 0))
	for name, c := range map[string]struct {
		rows int64
		err  error
		want error
	}{
		"as many as asked":   {1, errMine, nil},
		"any number":         {store.AnyRows, errMine, nil},
		"too few, own error": {2, errMine, errMine},
		"too many, no error": {0, nil, store.ErrStale},
	} {
		st := fenced("a", number(t, s.Reader(), `SELECT epoch FROM probe WHERE id = $1`, "a"))
		st.Rows, st.Err = c.rows, c.err
		if err := s.Write(t.Context(), []store.Statement{st}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := s.Write(t.Context(), nil); err != nil {
		t.Errorf("nothing to write: %v", err)
	}
}

// returned draws numbers in groups of which some members fail, so that others
// run twice: each gets the number that was stored for it.
func returned(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("counter", 0))
	numbers := make([]int64, callers)
	together(func(i int) error {
		draw := store.Statement{SQL: `UPDATE probe SET n = n + 1 WHERE id = $1 RETURNING n`, Args: []any{"counter"}, Rows: 1, Into: &numbers[i]}
		statements := []store.Statement{draw, insert(key(i), 1)}
		if i%8 == 7 {
			statements = append(statements, fenced("nobody", 1))
		}
		err := s.Write(t.Context(), statements)
		if failed := i%8 == 7; failed != errors.Is(err, store.ErrStale) || !failed && err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
		return err
	})
	seen := map[int64]bool{}
	for i, n := range numbers {
		if i%8 == 7 {
			continue
		}
		if n < 1 || n > callers-callers/8 || seen[n] {
			t.Errorf("caller %d drew %d", i, n)
		}
		seen[n] = true
	}
	none := int64(7)
	err := s.Write(t.Context(), []store.Statement{{SQL: `UPDATE probe SET n = n + 1 WHERE id = $1 RETURNING n`, Args: []any{"nobody"}, Rows: 1, Into: &none}})
	if !errors.Is(err, store.ErrStale) || none != 7 {
		t.Errorf("no row: %v, %d", err, none)
	}
}

func duplicate(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("a", 1))
	err := s.Write(t.Context(), []store.Statement{insert("b", 1), insert("a", 2)})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("second insert: %v, want ErrConflict", err)
	}
	want(t, s, 1, `SELECT count(*) FROM probe`)

	skip := store.Statement{SQL: `INSERT INTO probe (id) VALUES ($1) ON CONFLICT (id) DO NOTHING`, Args: []any{"a"}, Rows: 1, Err: errMine}
	if err := s.Write(t.Context(), []store.Statement{skip}); !errors.Is(err, errMine) {
		t.Errorf("skipped insert: %v, want the statement's error", err)
	}
}

// neighbours mixes callers that succeed, that are fenced off, that hit a
// constraint, and whose SQL is wrong. Each must get its own outcome, in
// whatever groups they meet.
func neighbours(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("taken", 0))
	for round := range 8 {
		errs := together(func(i int) error {
			first := insert(key(round*callers+i), 1)
			switch i % 4 {
			case 1:
				return s.Write(t.Context(), []store.Statement{first, fenced("taken", 99)})
			case 2:
				return s.Write(t.Context(), []store.Statement{first, insert("taken", 1)})
			case 3:
				return s.Write(t.Context(), []store.Statement{first, {SQL: `UPDATE nothing SET x = 1`}})
			}
			return s.Write(t.Context(), []store.Statement{first})
		})
		for i, err := range errs {
			ok := err == nil
			switch i % 4 {
			case 1:
				ok = errors.Is(err, store.ErrStale)
			case 2:
				ok = errors.Is(err, store.ErrConflict)
			case 3:
				ok = err != nil && !errors.Is(err, store.ErrStale) && !errors.Is(err, store.ErrUnavailable)
			}
			if !ok {
				t.Errorf("caller %d got %v", i, err)
			}
		}
	}
	want(t, s, 8*callers/4, `SELECT count(*) FROM probe WHERE n = 1`)
}
