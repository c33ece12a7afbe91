package transparency

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry/transport"
)

// tenant is one of those that share a server.
type tenant struct{ name, key, model, path string }

// The first one is limited. Each of the others differs from it in one thing.
var tenants = []tenant{
	{name: "limited", key: "a", model: "m", path: "/v1/chat/completions"},
	{name: "other", key: "b", model: "m", path: "/v1/chat/completions"},
	{name: "other", key: "a", model: "n", path: "/v1/chat/completions"},
}

// TestOneTenantsLimitHoldsNoOther has three tenants in one process: one is
// limited for 8 s, and the others' requests take what they take without it.
func TestOneTenantsLimitHoldsNoOther(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits as long as the server asks")
	}
	t.Parallel()
	cases, err := Cases()
	require.NoError(t, err)
	i := slices.IndexFunc(cases, func(c Case) bool { return slices.Contains(c.On, "tenants") })
	alone, err := Open(&cases[i])
	require.NoError(t, err)
	defer alone.Close()
	s, err := Open(&cases[i])
	require.NoError(t, err)
	defer s.Close()
	guarded := &http.Client{Transport: &transport.Transport{Group: &transport.Group{}}}

	limited := make(chan time.Duration, 1)
	go func() { limited <- askAs(t, guarded, s.URL, tenants[0]) }()
	require.Eventually(t, func() bool { return s.Requests() == 1 }, time.Second, time.Millisecond)
	time.Sleep(100 * time.Millisecond) // the limit is known now
	for _, other := range tenants[1:] {
		took := time.Duration(0)
		for range tries {
			bare := askAs(t, http.DefaultClient, alone.URL, other)
			if took = askAs(t, guarded, s.URL, other) - bare; took < late {
				break
			}
		}
		require.Less(t, took, late, "of %v", other)
	}
	require.Empty(t, limited, "the limit was over before the others were through")
	require.GreaterOrEqual(t, <-limited, 8*time.Second)
}

// askAs asks as a tenant, and says how long the whole answer took.
func askAs(t *testing.T, client *http.Client, origin string, who tenant) time.Duration {
	body := `{"model":"` + who.model + `","stream":true,"user":"` + who.name + `","messages":[]}`
	req, err := http.NewRequest(http.MethodPost, origin+who.path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+who.key)
	req.Header.Set("Content-Type", "application/json")
	began := time.Now()
	resp, err := client.Do(req)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	_ = resp.Body.Close()
	require.Contains(t, string(text), "[DONE]")
	return time.Since(began)
}
