package bus_test

import (
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

// On a cluster every stream lives where its name's hash says, and scripts and
// reads that touch several keys work only within one slot.
func TestTheBusWorksOnACluster(t *testing.T) {
	t.Parallel()
	b := openBus(t, startCluster(t))
	r, streams := runRouter(t, b), []string{"one", "two", "three", "four", "five", "six"}
	// Slots are covered a moment before every node knows it.
	eventually(t, "the cluster is up", func() bool {
		_, err := b.Incarnations(t.Context(), streams)
		return err == nil
	})
	in := map[string]*inbox{}
	stops := []func(){}
	for _, s := range streams {
		in[s] = newInbox()
		stops = append(stops, listen(t, r, bus.ListenConfig{Stream: s, Handle: in[s].handle, Subscriber: bus.SubscriberConfig{SoleGroup: true}}))
		publish(t, b, s, 0, 50)
	}
	for _, s := range streams {
		eventually(t, "stream "+s+" is handled", in[s].has(50))
	}
	for _, stop := range stops {
		stop()
	}
	all, err := b.Stats(t.Context(), streams)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Length != 0 || s.Pending != 0 || s.Consumers != 0 {
			t.Errorf("%+v: want nothing left", s)
		}
	}
	if policy, err := b.MaxmemoryPolicy(t.Context()); err != nil || policy != "noeviction" {
		t.Errorf("policy %q: %v", policy, err)
	}
}

func startCluster(t *testing.T) (url string) {
	t.Helper()
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		testserver.Redis(t) // decides whether a missing Redis is a skip
		t.Fatal("redis-cli is not in PATH: install it, it makes the cluster")
	}
	var addrs []string
	for range 3 {
		node := testserver.Redis(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(freePort(t)), "--cluster-node-timeout", "15000")
		addrs = append(addrs, strings.TrimPrefix(node.URL, "redis://"))
	}
	args := append([]string{"--cluster", "create"}, append(addrs, "--cluster-yes")...)
	if out, err := exec.CommandContext(t.Context(), cli, args...).CombinedOutput(); err != nil {
		t.Fatalf("create cluster: %v\n%s", err, out)
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

// A Sentinel moves the bus to the replica when the master dies.
func TestTheBusFollowsASentinelToTheNewMaster(t *testing.T) {
	t.Parallel()
	master := testserver.Redis(t)
	replica := testserver.Redis(t, "--replicaof", "127.0.0.1", strconv.Itoa(master.Port))
	sentinel := testserver.Sentinel(t, master.Port)
	b, in := openBus(t, strings.Replace(sentinel.URL, "redis:", "redis+sentinel:", 1)+"/mymaster?db=0"), newInbox()
	watch := client(t, sentinel.URL)
	eventually(t, "the sentinel knows the replica", func() bool {
		list, err := watch.Do(t.Context(), "SENTINEL", "REPLICAS", "mymaster").Slice()
		return err == nil && len(list) == 1
	})
	listen(t, runRouter(t, b), bus.ListenConfig{
		Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{SoleGroup: true, Block: 100 * time.Millisecond},
	})
	publish(t, b, "s", 0, 10)
	eventually(t, "the first ten are handled", in.has(10))

	master.Kill()
	promoted := client(t, replica.URL)
	eventually(t, "the replica is the master", func() bool {
		info, err := promoted.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "role:master")
	})
	eventually(t, "publishing works again", func() bool { return b.Publish(t.Context(), "s", envelopes(10, 20)) == nil })
	eventually(t, "what is published to the new master is handled", func() bool { return in.times(id(19)) > 0 })
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
