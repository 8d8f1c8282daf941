package sdk

import (
	"container/list"
	"sync"
)

// connectionCache keeps the newest version of the most recently used
// connections, at most size of them. Older versions are never kept, so that
// replaced secrets do not stay in memory. It is safe for concurrent use.
type connectionCache struct {
	size int

	mu      sync.Mutex
	entries map[string]*list.Element
	order   *list.List // of *cacheEntry, the latest used first
	changes int        // counts puts and drops, for who keeps a view
}

type cacheEntry struct {
	id      string
	version int64
	held    *heldConnection
}

func newConnectionCache(size int) *connectionCache {
	return &connectionCache{size: size, entries: make(map[string]*list.Element), order: list.New()}
}

// get gives what is held for this version of the connection, or nil.
func (c *connectionCache) get(id string, version int64) *heldConnection {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	if !ok || e.Value.(*cacheEntry).version != version {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cacheEntry).held
}

// put holds h and gives what calls of this version shall use: calls that arrive
// together with the same settings share the first one, and with it its memos.
func (c *connectionCache) put(id string, version int64, h *heldConnection) *heldConnection {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[id]; ok {
		old := e.Value.(*cacheEntry)
		if old.version > version {
			return h // the call is late; it gets its settings, nobody else does
		}
		if old.version == version && old.held.same(h) {
			c.order.MoveToFront(e)
			return old.held
		}
		c.drop(e)
	}
	c.entries[id] = c.order.PushFront(&cacheEntry{id: id, version: version, held: h})
	c.changes++
	for c.order.Len() > c.size {
		c.drop(c.order.Back())
	}
	return h
}

func (c *connectionCache) drop(e *list.Element) {
	c.order.Remove(e)
	delete(c.entries, e.Value.(*cacheEntry).id)
	c.changes++
}

// secrets gives the secrets of all connections held, and a number for this
// state. With the number of an earlier call and nothing new since then, changed
// is false and all is empty.
func (c *connectionCache) secrets(since int) (all []string, now int, changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == since {
		return nil, since, false
	}
	for e := c.order.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*cacheEntry).held.secrets...)
	}
	return all, c.changes, true
}
