package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// isPostgresURL tells the two databases apart.
func isPostgresURL(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// postgresDB is the PostgreSQL side of a Store: a pool for writers and one for
// readers, so that slow reads never hold up a commit.
type postgresDB struct {
	cfg     Config
	writes  *pgxpool.Pool
	reads   *pgxpool.Pool
	queue   *queue
	stats   *stats
	updates chan struct{} // one slot per Update that may run beside the writers
	closing chan struct{}
	working sync.WaitGroup
}

// openPostgres connects and proves it with one query.
func openPostgres(ctx context.Context, cfg Config, st *stats) (*postgresDB, error) {
	if cfg.Writers > cfg.MaxConns-2 {
		return nil, fmt.Errorf("store: MaxConns is %d: %d writers need at least %d connections", cfg.MaxConns, cfg.Writers, cfg.Writers+2)
	}
	updates := max(1, cfg.MaxConns/4)
	readers := max(1, cfg.MaxConns-cfg.Writers-updates)
	d := &postgresDB{cfg: cfg, queue: newQueue(cfg.GroupLimit), stats: st,
		updates: make(chan struct{}, updates), closing: make(chan struct{})}
	var err error
	if d.writes, err = postgresPool(ctx, cfg, cfg.Writers+updates); err != nil {
		return nil, err
	}
	if d.reads, err = postgresPool(ctx, cfg, readers); err != nil {
		d.writes.Close()
		return nil, err
	}
	if err := d.writes.Ping(ctx); err != nil {
		d.writes.Close()
		d.reads.Close()
		return nil, fmt.Errorf("store: connect: %w", unavailable(postgresError(err)))
	}
	return d, nil
}

func postgresPool(ctx context.Context, cfg Config, size int) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		// pgx leaves the password out of this error.
		return nil, fmt.Errorf("store: URL: %w", err)
	}
	pc.MaxConns = int32(size)
	pc.MinConns, pc.MinIdleConns = 0, 0
	pc.PingTimeout = 5 * time.Second
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if _, ok := pc.ConnConfig.RuntimeParams["application_name"]; !ok {
		pc.ConnConfig.RuntimeParams["application_name"] = "afara"
	}
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return endWhenSilent(ctx, conn, cfg.CommitTimeout) }
	return pgxpool.NewWithConfig(ctx, pc)
}

// maxSilence is how long a transaction may wait for its client.
const maxSilence = 10 * time.Second

// endWhenSilent has the server end a transaction whose client says nothing: a
// node that stands still, or is cut off, in the middle of one would else keep
// its rows from the node that takes them over. It is no startup parameter,
// because poolers between us and the server refuse those.
func endWhenSilent(ctx context.Context, conn *pgx.Conn, limit time.Duration) error {
	limit = min(limit, maxSilence)
	_, err := conn.Exec(ctx, fmt.Sprintf("SET idle_in_transaction_session_timeout = %d", limit.Milliseconds()), pgx.QueryExecModeSimpleProtocol)
	return err
}

// start runs the group-commit writers.
func (d *postgresDB) start() {
	for range d.cfg.Writers {
		d.working.Go(func() {
			for group := d.queue.next(); group != nil; group = d.queue.next() {
				d.commit(group)
			}
		})
	}
}

func (d *postgresDB) write(ctx context.Context, statements []Statement) error {
	return d.queue.do(newMember(ctx, statements, nil))
}

func (d *postgresDB) reader() Querier { return postgresReader{d} }

func (d *postgresDB) ping(ctx context.Context) error {
	if err := d.reads.Ping(ctx); err != nil {
		return postgresError(err)
	}
	return nil
}

func (d *postgresDB) backup(context.Context, string) error {
	return errors.New("store: backup: this copies SQLite only: back PostgreSQL up with pg_dump, or with base backups and WAL archiving")
}

// close serves those who wait and closes both pools.
func (d *postgresDB) close() error {
	close(d.closing)
	d.queue.close()
	d.working.Wait()
	// Every slot taken: no Update is running, none will start.
	for range cap(d.updates) {
		d.updates <- struct{}{}
	}
	d.writes.Close()
	d.reads.Close()
	return nil
}

// offset asks for the server's clock a few times and believes the quickest
// answer.
func (d *postgresDB) offset(ctx context.Context) (time.Duration, error) {
	best, quickest := time.Duration(0), time.Duration(-1)
	for range 3 {
		before := time.Now()
		var us int64
		err := d.reads.QueryRow(ctx, `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)`).Scan(&us)
		if err != nil {
			return 0, postgresError(err)
		}
		after := time.Now()
		if took := after.Sub(before); quickest < 0 || took < quickest {
			best, quickest = midpointOffset(before, time.UnixMicro(us), after), took
		}
	}
	return best, nil
}
