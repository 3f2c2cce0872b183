package kms

import (
	"context"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Usages are the usages of every key spec.
func Usages() map[string][]string {
	all := map[string][]string{}
	for _, s := range specs {
		all[s.name] = s.usages
	}
	return all
}

// StateNames are the key states in the order of the rules.
func StateNames() []string { return stateNames[:] }

// HasRules says whether the key state rules know operation.
func HasRules(operation string) bool {
	_, known := rules[operation]
	return known
}

// Allowed is what the key state rules say about operation on a key in a state.
func Allowed(operation, state string) error {
	k := &key{ID: "KID", Account: "111122223333", Region: "eu-west-2", Partition: "aws", Origin: originCloudHSM}
	for i, name := range stateNames {
		if name == state {
			return allows(k, keyState(i), operation)
		}
	}
	return nil
}

// Stored lists the names in the store that contain part.
func (s *Service) Stored(ctx context.Context, part string) ([]string, error) {
	var names []string
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		return r.Scan("", "", func(name string, value []byte) (bool, error) {
			if strings.Contains(name, part) || strings.Contains(string(value), part) {
				names = append(names, name)
			}
			return true, nil
		})
	})
	return names, err
}

// AddStore stores a CONNECTED custom key store of the caller's account.
func (s *Service) AddStore(ctx context.Context, c *wire.Call, id, storeType string) error {
	return s.update(ctx, c, func(t *txn) error {
		return t.putStore(&customStore{
			ID: id, Account: c.Caller.Account, Region: c.Region, Name: id, Type: storeType, Created: t.now,
			ClusterID: "cluster-1a23b4cdefg", Connection: connected,
		})
	})
}
