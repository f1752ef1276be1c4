package palette

import "net/http"

// Over has a client send its requests over another network.
func (c *Client) Over(network http.RoundTripper) { c.doer.transport = network }
