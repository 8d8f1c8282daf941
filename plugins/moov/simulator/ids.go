package simulator

import "sync"

// maxIDs is above what the network remembers of transactions.
const maxIDs = 200_000

// ids finds the network's reference of a transaction by Moov's own id. The oldest
// are forgotten first.
type ids struct {
	mu         sync.Mutex
	references map[string]string
	order      []string
}

func newIDs() *ids { return &ids{references: map[string]string{}} }

func (i *ids) add(id, reference string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.references[id] = reference
	i.order = append(i.order, id)
	if len(i.order) > maxIDs {
		delete(i.references, i.order[0])
		i.order = i.order[1:]
	}
}

func (i *ids) reference(id string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.references[id]
}
