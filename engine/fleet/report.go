package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
)

// Instance is a connector on one node, as the node told last.
type Instance struct {
	Node       domain.NodeID
	ReportedAt time.Time
	pluginhost.ConnectorStatus
}

// retell is how old a report may become that has changed in nothing but what a
// process takes of the machine.
const retell = 30 * time.Second

// report stores how this node's connectors are, if that has changed.
func (s *Service) report(ctx context.Context) error {
	var statements []store.Statement
	now := s.cfg.Store.Now()
	fresh := map[key]told{}
	for _, status := range s.cfg.Host.Status() {
		if status.Environment == "" {
			continue // installed, and nobody needs it
		}
		k := key{status.Name, status.Environment}
		steady := status
		steady.Usage = pluginhost.Usage{}
		text, err := json.Marshal(steady)
		if err != nil {
			return fmt.Errorf("report of %s: %w", status.Name, err)
		}
		if last, ok := s.last(k); ok && last.status == string(text) && now.Sub(last.at) < retell {
			continue
		}
		full, err := json.Marshal(status)
		if err != nil {
			return fmt.Errorf("report of %s: %w", status.Name, err)
		}
		fresh[k] = told{string(text), now}
		statements = append(statements, store.Statement{
			SQL: `INSERT INTO connector_report (node_id, connector, environment_kind, status, reported_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (node_id, connector, environment_kind) DO UPDATE SET status = excluded.status, reported_at = excluded.reported_at`,
			Args: []any{s.cfg.Node, status.Name, status.Environment, string(full), domain.Micros(now)}, Rows: 1,
		})
	}
	if len(statements) == 0 {
		return nil
	}
	if err := s.cfg.Store.Write(ctx, statements); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, t := range fresh {
		s.told[k] = t
	}
	return nil
}

func (s *Service) last(k key) (told, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.told[k]
	return t, ok
}

// instances are the latest reports of live nodes; this node's own is as it is
// now.
func (s *Service) instances(ctx context.Context) (map[key][]Instance, error) {
	nodes, err := s.cfg.Store.Nodes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read nodes: %w", err)
	}
	now := s.cfg.Store.Now()
	live := map[domain.NodeID]bool{}
	for _, n := range nodes {
		live[n.ID] = n.Live(now)
	}
	out := map[key][]Instance{}
	for _, status := range s.cfg.Host.Status() {
		if status.Environment != "" {
			k := key{status.Name, status.Environment}
			out[k] = append(out[k], Instance{Node: s.cfg.Node, ReportedAt: now, ConnectorStatus: status})
		}
	}
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT node_id, connector, environment_kind, status, reported_at FROM connector_report ORDER BY node_id, connector, environment_kind`)
	if err != nil {
		return nil, fmt.Errorf("read reports: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		var in Instance
		var status string
		var at int64
		if err := rows.Scan(&in.Node, &k.connector, &k.kind, &status, &at); err != nil {
			return nil, err
		}
		if !live[in.Node] || in.Node == s.cfg.Node {
			continue
		}
		if err := json.Unmarshal([]byte(status), &in.ConnectorStatus); err != nil {
			return nil, fmt.Errorf("report of %s on %s: %w", k.connector, in.Node, err)
		}
		in.ReportedAt = domain.FromMicros(at)
		out[k] = append(out[k], in)
	}
	return out, rows.Err()
}

// Forget drops the reports of nodes that are no more.
func (s *Service) Forget(ctx context.Context) error {
	nodes, err := s.cfg.Store.Nodes(ctx)
	if err != nil {
		return fmt.Errorf("read nodes: %w", err)
	}
	kept := map[domain.NodeID]bool{}
	for _, n := range nodes {
		kept[n.ID] = n.StoppedAt.IsZero()
	}
	reported, err := s.reporting(ctx)
	if err != nil {
		return err
	}
	var statements []store.Statement
	for _, id := range reported {
		if !kept[id] {
			statements = append(statements, store.Statement{SQL: `DELETE FROM connector_report WHERE node_id = $1`, Args: []any{id}, Rows: store.AnyRows})
		}
	}
	return s.cfg.Store.Write(ctx, statements)
}

// reporting are the nodes that have reports.
func (s *Service) reporting(ctx context.Context) (ids []domain.NodeID, err error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT DISTINCT node_id FROM connector_report`)
	if err != nil {
		return nil, fmt.Errorf("read reports: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id domain.NodeID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
