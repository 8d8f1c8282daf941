package pluginhost

import (
	"context"

	plugin "github.com/hashicorp/go-plugin"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// healthy asks the process whether it serves. It never reaches a vendor: that
// is what Check is for. The deadline is ours, since a frozen process lets
// go-plugin's own Ping wait for ever.
func (in *instance) healthy(p *process) bool {
	ctx, cancel := context.WithTimeout(context.Background(), in.cfg.ProbeTimeout)
	defer cancel()
	res, err := p.health.Check(ctx, &healthpb.HealthCheckRequest{Service: plugin.GRPCServiceName})
	return err == nil && res.GetStatus() == healthpb.HealthCheckResponse_SERVING
}
