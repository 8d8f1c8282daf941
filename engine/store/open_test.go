package store_test

import (
	"testing"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

func TestSQLiteKeepsThePromises(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(t testing.TB) *store.Store { return storetest.SQLite(t, storetest.Tables) })
}

func TestPostgresKeepsThePromises(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(t testing.TB) *store.Store { return storetest.Postgres(t, storetest.Tables) })
}
