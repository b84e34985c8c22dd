package app

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web"
)

// Bounds are how much a node takes on at once. The defaults fit; they are there for machines that are known better.
type Bounds struct {
	MaxConnections int      `name:"max-connections" env:"KORTVERK_MAX_CONNECTIONS" default:"0" help:"How many connections may be open at once. 0: 12,000, or what the limit of open files leaves."`
	PerAddress     int      `name:"max-connections-per-address" env:"KORTVERK_MAX_CONNECTIONS_PER_ADDRESS" default:"500" help:"How many of them from one address that isn't a trusted proxy."`
	Rooms          []string `name:"rooms" env:"KORTVERK_ROOMS" sep:"," help:"Places in the rooms that requests find place in, where they shall differ from what the number of processors suggests. Example: page=16,reader=8."`
}

const (
	mostConnections = 12_000
	keptFiles       = 512 // for the database, neighbours, uploads, and those who are refused
)

// wrong says what can't be.
func (b Bounds) wrong() []string {
	var wrong []string
	if b.MaxConnections < 0 || b.PerAddress < 0 {
		wrong = append(wrong, "KORTVERK_MAX_CONNECTIONS and KORTVERK_MAX_CONNECTIONS_PER_ADDRESS can't be less than nothing")
	}
	if _, err := b.sizes(); err != nil {
		wrong = append(wrong, "KORTVERK_ROOMS: "+err.Error())
	}
	return wrong
}

func (b Bounds) sizes() (map[shed.Room]shed.Size, error) {
	places := map[string]int{}
	for _, s := range b.Rooms {
		name, number, _ := strings.Cut(s, "=")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil {
			return nil, fmt.Errorf("%q is not like page=16", s)
		}
		places[strings.TrimSpace(name)] = n
	}
	return shed.WithPlaces(shed.Sizes(runtime.GOMAXPROCS(0)), places)
}

func (b Bounds) connections() (most, perAddress int) {
	most, perAddress = b.MaxConnections, b.PerAddress
	if most == 0 {
		most = mostConnections
		if files := openFiles(); files > 0 {
			most = min(most, max(files/2, files-keptFiles))
		}
	}
	if perAddress == 0 {
		perAddress = most
	}
	return most, perAddress
}

// bound makes what keeps the node from taking on too much.
func (a *App) bound() error {
	sizes, err := a.cfg.sizes()
	if err != nil {
		return fmt.Errorf("KORTVERK_ROOMS: %w", err)
	}
	a.rooms = shed.New(sizes)
	most, perAddress := a.cfg.connections()
	a.crowd = web.NewCrowd(most, perAddress, proxies(a.cfg.TrustedProxies))
	return nil
}

// watchLoad registers what the rooms and connections say.
func (a *App) watchLoad() {
	for _, room := range shed.All() {
		by := prometheus.Labels{"room": string(room)}
		a.metrics.counter("kortverk_shed_total", "Requests that found no place and were answered 503.", by,
			func() float64 { return float64(a.rooms.Load(room).Shed) })
		a.metrics.labelled("kortverk_room_places", "Places in the room.", by, func() float64 { return float64(a.rooms.Load(room).Places) })
		a.metrics.labelled("kortverk_room_working", "Requests that have a place.", by, func() float64 { return float64(a.rooms.Load(room).Working) })
		a.metrics.labelled("kortverk_room_waiting", "Requests that wait for a place.", by, func() float64 { return float64(a.rooms.Load(room).Waiting) })
	}
	a.metrics.gauge("kortverk_connections", "Connections that are open.", func() float64 { return float64(a.crowd.Open()) })
	a.metrics.counter("kortverk_connections_refused_total", "Connections that were more than there is room for.", nil,
		func() float64 { return float64(a.crowd.Refused()) })
}

// tellShed logs how many were turned away: a line each would be one more thing to do when there is too much already.
func (a *App) tellShed(ctx context.Context) error {
	every := time.NewTicker(10 * time.Second)
	defer every.Stop()
	before := map[shed.Room]uint64{}
	var refused uint64
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-every.C:
		}
		var turned []any
		for _, room := range shed.All() {
			if n := a.rooms.Load(room).Shed; n > before[room] {
				turned = append(turned, slog.Uint64(string(room), n-before[room]))
				before[room] = n
			}
		}
		if n := a.crowd.Refused(); n > refused {
			turned = append(turned, slog.Uint64("connections", n-refused))
			refused = n
		}
		if len(turned) > 0 {
			a.log.Warn("requests were turned away: more comes than fits", turned...)
		}
	}
}
