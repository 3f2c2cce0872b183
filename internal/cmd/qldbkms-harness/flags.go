package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
)

// settings are the flags that serve and run share.
type settings struct {
	dataDir     string
	account     string
	region      string
	auth        string
	credentials string
	seed        string
	logLevel    string
	logFormat   string
	timing      harness.Timing
	maxLedgers  int
	elsewhere   elsewhere
	lookups     int
}

func (s *settings) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.dataDir, "data-dir", ".qldbkms", "directory that holds everything the harness keeps")
	f.StringVar(&s.account, "account", harness.DefaultAccount, "account the root access key belongs to, 12 digits")
	f.StringVar(&s.region, "region", harness.DefaultRegion, "Region given to commands, or taken for unsigned requests")
	f.StringVar(&s.auth, "auth", "on", "on: every request needs a valid signature; off: any request is the account root")
	f.StringVar(&s.credentials, "credentials", "",
		"JSON file with further root access keys: [{\"account\":..., \"access_key_id\":..., \"secret_access_key\":...}]")
	f.StringVar(&s.seed, "seed", "",
		"YAML or JSON file with users, roles, policies, keys and ledgers to begin with, by account")
	f.StringVar(&s.logLevel, "log-level", "warn", "debug, info, warn or error; written to standard error")
	f.StringVar(&s.logFormat, "log-format", "text", "text or json")
	f.IntVar(&s.maxLedgers, "max-ledgers", 5, "active ledgers per account and Region")
	f.IntVar(&s.lookups, "lookups-per-second", 0,
		"LookupEvents requests per account and Region, 2 at AWS; 0: as many as come")
	s.timing = harness.DefaultTiming()
	for _, d := range s.timing.Knobs() {
		f.DurationVar(d.Value, d.Name, *d.Value, d.Meaning)
	}
	s.elsewhere.add(f)
	f.SortFlags = false
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName { return pflag.NormalizedName(name) })
}

// begin is config with a context that ends when the program is interrupted; stop gives the signals back.
func (s *settings) begin(cmd *cobra.Command) (ctx context.Context, stop func(), cfg harness.Config, err error) {
	ctx, stop = signal.NotifyContext(cmd.Context(), endings()...)
	if cfg, err = s.config(cmd); err != nil {
		stop()
	}
	return ctx, stop, cfg, err
}

// config turns the flags into a harness.Config, or says which flag is wrong.
func (s *settings) config(cmd *cobra.Command) (harness.Config, error) {
	if err := s.check(); err != nil {
		return harness.Config{}, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.logLevel)); err != nil {
		return harness.Config{}, fmt.Errorf("--log-level %q: want debug, info, warn or error", s.logLevel)
	}
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler
	switch s.logFormat {
	case "text":
		handler = slog.NewTextHandler(cmd.ErrOrStderr(), options)
	case "json":
		handler = slog.NewJSONHandler(cmd.ErrOrStderr(), options)
	default:
		return harness.Config{}, fmt.Errorf("--log-format %q: want text or json", s.logFormat)
	}
	if s.auth != "on" && s.auth != "off" {
		return harness.Config{}, fmt.Errorf("--auth %q: want on or off", s.auth)
	}
	credentials, err := readCredentials(s.credentials)
	if err != nil {
		return harness.Config{}, err
	}
	seed, err := readSeed(s.seed)
	if err != nil {
		return harness.Config{}, err
	}
	cfg := harness.Config{
		DataDir:      s.dataDir,
		Account:      s.account,
		Region:       s.region,
		AuthOff:      s.auth == "off",
		Credentials:  credentials,
		Seed:         seed,
		Clock:        clock.New(time.Now),
		SignatureNow: time.Now,
		Rand:         rand.Reader,
		Log:          slog.New(handler),
		Timing:       s.timing,
		MaxLedgers:   s.maxLedgers,

		LookupsPerSecond: s.lookups,
	}
	err = s.elsewhere.apply(&cfg)
	return cfg, err
}

// readCredentials reads the file of --credentials; no file, no credentials. Its errors quote no content.
func readCredentials(file string) ([]harness.Credential, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--credentials: %w", err)
	}
	var list []harness.Credential
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("--credentials %s: not a JSON array of objects with account, access_key_id and "+
			"secret_access_key", file)
	}
	return list, nil
}

// readSeed reads the file of --seed; no file, no seed.
func readSeed(file string) (harness.Seed, error) {
	if file == "" {
		return harness.Seed{}, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return harness.Seed{}, fmt.Errorf("--seed: %w", err)
	}
	parse := harness.ParseSeed
	if ext := filepath.Ext(file); ext == ".yaml" || ext == ".yml" {
		parse = harness.ParseSeedYAML
	}
	seed, err := parse(raw)
	if err != nil {
		return harness.Seed{}, fmt.Errorf("--seed %s: %w", file, err)
	}
	return seed, nil
}
