package payments

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// Filter says which transactions to list. Empty members do not filter.
type Filter struct {
	Country  string // ISO 3166-1 alpha-2
	Operator string // mtn, orange, moov or airtel
	Status   Status
	Type     Type
	Order    string // an OrderRef
	Limit    int    // of a page, 1 to 100; 0 is 50
	Cursor   string // a Page's NextCursor; empty: the newest
}

// Page is a part of a listing, the newest first.
type Page struct {
	Data       []Payment `json:"data"`
	HasMore    bool      `json:"hasMore"`
	NextCursor string    `json:"nextCursor"` // empty on the last page
}

// List reads one page.
func (c *Client) List(ctx context.Context, f Filter) (Page, error) {
	return ask[Page](ctx, c, request{method: http.MethodGet, path: "/payments", query: f.query(), repeatable: true})
}

// All reads page after page while it is ranged over. After an error, which is the
// last that it gives, nothing follows. What is created meanwhile is not shown.
func (c *Client) All(ctx context.Context, f Filter) iter.Seq2[Payment, error] {
	return func(yield func(Payment, error) bool) {
		for {
			page, err := c.List(ctx, f)
			if err == nil && page.HasMore && (page.NextCursor == "" || page.NextCursor == f.Cursor) {
				err = errors.New("GET /payments: the answer says that there is more, and has no new cursor")
			}
			if err != nil {
				yield(Payment{}, err)
				return
			}
			for _, p := range page.Data {
				if !yield(p, nil) {
					return
				}
			}
			if !page.HasMore {
				return
			}
			f.Cursor = page.NextCursor
		}
	}
}

func (f Filter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"country": f.Country, "operator": f.Operator, "status": string(f.Status), "type": string(f.Type), "order": f.Order, "cursor": f.Cursor,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Limit != 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return q
}
