package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary run as the command, which saves a build.
func TestMain(m *testing.M) {
	if os.Getenv("CHATTEST_BE_THE_COMMAND") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func start(t *testing.T, args ...string) (cmd *exec.Cmd, stdin io.WriteCloser, url string) {
	t.Helper()
	cmd = exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CHATTEST_BE_THE_COMMAND=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	var ready struct{ URL string }
	require.NoError(t, json.Unmarshal(line, &ready))
	return cmd, stdin, ready.URL
}

func answers(t *testing.T, url string) {
	t.Helper()
	res, err := http.Get(url + "/v1/models")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func TestTheCommandExitsWhenItsInputCloses(t *testing.T) {
	cmd, stdin, url := start(t)
	answers(t, url)
	require.NoError(t, stdin.Close())
	require.NoError(t, cmd.Wait())
	_, err := http.Get(url + "/v1/models")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestTheCommandExitsOnSIGTERM(t *testing.T) {
	for _, args := range [][]string{nil, {"-stay", "-static", t.TempDir()}} {
		cmd, stdin, url := start(t, args...)
		if args != nil {
			require.NoError(t, stdin.Close())
		}
		answers(t, url)
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait())
	}
}

func TestTheCommandRefusesAnInvalidAddress(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-addr", "nowhere:port")
	cmd.Env = append(os.Environ(), "CHATTEST_BE_THE_COMMAND=1")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "chattest: listen tcp")
}
