package web

import (
	"net"
	"net/url"
	"slices"
)

// Under is an address of ours under the name that this visit came by, when that is one of the deployment's further
// names: whoever is sent away to the eID app comes back to where the cookies are. No other Host is believed.
func (v *Visit) Under(address string) string {
	name := hostname(v.R.Host)
	if !slices.Contains(v.engine.cfg.Names, name) {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	if port := u.Port(); port != "" {
		name = net.JoinHostPort(name, port)
	}
	u.Host = name
	return u.String()
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
