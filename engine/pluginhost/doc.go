// Package pluginhost owns the connectors' processes and every call to them.
package pluginhost
