package service_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/service"
)

// listener is systemd's end of sd_notify. Each state that the service says comes out of the channel.
func listener(t *testing.T) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	said := make(chan string, 1000)
	go func() {
		buffer := make([]byte, 1024)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			said <- string(buffer[:n])
		}
	}()
	return said
}

// next waits for what the service says.
func next(t *testing.T, said <-chan string) string {
	t.Helper()
	select {
	case s := <-said:
		return s
	case <-time.After(time.Minute):
		t.Fatal("the service says nothing")
		return ""
	}
}

func TestReadyOnceTheWorkSaysSo(t *testing.T) {
	said := listener(t)
	ctx, cancel := context.WithCancel(t.Context())
	go_, began := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- service.Run(ctx, "kurir", service.Job{Work: func(ctx context.Context, ready func()) error {
			close(began)
			<-go_
			ready()
			<-ctx.Done()
			return nil
		}})
	}()
	<-began
	select {
	case s := <-said:
		t.Fatalf("said %q before the work was ready", s)
	default:
	}
	close(go_)
	if s := next(t, said); s != "READY=1" {
		t.Errorf("said %q", s)
	}
	cancel()
	if s := next(t, said); s != "STOPPING=1" {
		t.Errorf("said %q at the end", s)
	}
	if err := <-done; err != nil {
		t.Errorf("an end that was asked for is an error: %v", err)
	}
}

// TestStoppingIsSaidFirst: however quickly the work ends, the service manager has heard of it before the process is gone.
func TestStoppingIsSaidFirst(t *testing.T) {
	said := listener(t)
	gone, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		t.Fatal(err)
	}
	defer gone.Close()
	for range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		began := make(chan struct{})
		done := make(chan error)
		go func() {
			done <- service.Run(ctx, "kurir", service.Job{Work: func(ctx context.Context, _ func()) error {
				close(began)
				<-ctx.Done()
				return nil
			}})
		}()
		<-began
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if _, err := gone.Write([]byte("gone")); err != nil {
			t.Fatal(err)
		}
		if s := next(t, said); s != "STOPPING=1" {
			t.Fatalf("said %q when it was gone", s)
		}
		if s := next(t, said); s != "gone" {
			t.Fatalf("said %q once more", s)
		}
	}
}

func TestSignsOfLifeEndWithHealth(t *testing.T) {
	said := listener(t)
	t.Setenv("WATCHDOG_USEC", "60000")
	var sick atomic.Bool
	asked := make(chan struct{}, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- service.Run(ctx, "kurir", service.Job{Work: func(ctx context.Context, ready func()) error {
			ready()
			<-ctx.Done()
			return nil
		}, Health: func(context.Context) error {
			asked <- struct{}{}
			if sick.Load() {
				return errors.New("stuck")
			}
			return nil
		}})
	}()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if s := next(t, said); s != want {
			t.Fatalf("said %q, want %q", s, want)
		}
	}
	sick.Store(true)
	for len(asked) > 0 { // what was asked before
		<-asked
	}
	for range 3 { // the answer to the first may have been on its way
		<-asked
	}
	for len(said) > 0 {
		<-said
	}
	for range 3 {
		<-asked
	}
	if len(said) > 0 {
		t.Errorf("a sign of life of a service that is stuck: %q", <-said)
	}
	cancel()
	<-done
}

func TestWithoutSystemdNothingIsSaid(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	os.Unsetenv("NOTIFY_SOCKET")
	if err := service.Run(t.Context(), "kurir", service.Job{Work: func(_ context.Context, ready func()) error { ready(); return nil }}); !errors.Is(err, service.ErrEnded) {
		t.Errorf("an end that nobody asked for: %v", err)
	}
}
