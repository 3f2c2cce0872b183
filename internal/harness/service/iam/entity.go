package iam

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// kind is what an entity is.
type kind string

const (
	user    kind = "user"
	group   kind = "group"
	role    kind = "role"
	profile kind = "instance-profile"
)

// title is k as it begins a sentence.
func (k kind) title() string {
	if k == profile {
		return "Instance Profile"
	}
	return strings.ToUpper(string(k[:1])) + string(k[1:])
}

// member is the member of an input that names a k.
func (k kind) member() string {
	if k == profile {
		return "instanceProfileName"
	}
	return string(k) + "Name"
}

// entity is what is stored of a user, a group, a role or an instance profile.
type entity struct {
	Kind     kind
	Account  string
	Path     string // "/" or "/x/"
	Name     string
	ID       string // unique id: AIDA..., AGPA..., AROA..., AIPA...
	Created  time.Time
	Inline   map[string]string `json:",omitempty"` // texts of policies by name
	Attached []string          `json:",omitempty"` // ARNs of managed policies in the order they were attached
	Boundary string            `json:",omitempty"` // ARN of a managed policy
	Tags     []tag             `json:",omitempty"` // by key

	Keys   []string `json:",omitempty"` // users: ids of access keys, oldest first
	Groups []string `json:",omitempty"` // users: ids of groups

	Trust       string            `json:",omitempty"` // roles: text of the trust policy
	Trusted     map[string]string `json:",omitempty"` // roles: unique ids the ARNs in Trust stood for
	Description string            `json:",omitempty"` // roles
	MaxSession  time.Duration     `json:",omitempty"` // roles
	Service     string            `json:",omitempty"` // roles: the service it is linked to

	Role string `json:",omitempty"` // instance profiles: unique id of the role in it
}

// arn is the ARN of e, with its path.
func (e *entity) arn() string { return arnOf(e.Account, string(e.Kind), e.Path, e.Name) }

func arnOf(account, kind, path, name string) string {
	return fmt.Sprintf("arn:aws:iam::%s:%s%s%s", account, kind, path, name)
}

// key is where an entity is stored. Names are told apart without regard to case.
// Source: IAM API reference, CreateRole, RoleName.
func key(k kind, account, name string) string {
	return string(k) + "/" + account + "/" + strings.ToLower(name)
}

var (
	entities = store.Table[entity]{Prefix: "iam/entity/"}
	ids      = store.Table[string]{Prefix: "iam/id/"}        // unique id to the key of the entity
	links    = store.Table[struct{}]{Prefix: "iam/link/"}    // <id of policy, group or role>/<use>/<entity id>
	accounts = store.Table[struct{}]{Prefix: "iam/account/"} // accounts that have or had something here
)

// What a link stands for.
const (
	asPolicy   = "policy"
	asBoundary = "boundary"
	asMember   = "member"
	asHeld     = "held"
)

func linkKey(from, use, to string) string { return from + "/" + use + "/" + to }

// lookup finds an entity whose name is spelt exactly so.
func lookup(r store.Reader, k kind, account, name string) (entity, bool, error) {
	if !nameForm.MatchString(name) {
		return entity{}, false, nil
	}
	e, found, err := entities.Get(r, key(k, account, name))
	return e, found && e.Name == name, err
}

// find is lookup with the service's fault for a name that nothing has.
func find(r store.Reader, k kind, account, name string) (entity, error) {
	var c checks
	c.length(k.member(), name, 1, 128)
	if err := c.err(); err != nil {
		return entity{}, err
	}
	e, found, err := lookup(r, k, account, name)
	if err == nil && !found {
		err = errNobody(k, name)
	}
	return e, err
}

// byID finds the entity that has a unique id.
func byID(r store.Reader, id string) (entity, bool, error) {
	at, found, err := placeOf(r, id)
	if err != nil || !found {
		return entity{}, false, err
	}
	e, found, err := entities.Get(r, at)
	return e, found, err
}

// recallEntity is byID for what only reads; the entity must not be changed.
func (s *Service) recallEntity(r store.Reader, id string) (*entity, bool, error) {
	at, found, err := placeOf(r, id)
	if err != nil || !found {
		return nil, false, err
	}
	return s.knownEntities.Get(entities, r, at)
}

// placeOf is where the entity with a unique id is stored.
func placeOf(r store.Reader, id string) (at string, found bool, err error) {
	if !idForm.MatchString(id) {
		return "", false, nil
	}
	return ids.Get(r, id)
}

func save(w store.Writer, e *entity) error {
	return entities.Put(w, key(e.Kind, e.Account, e.Name), *e)
}

// insert stores e as a new entity.
func insert(w store.Writer, e *entity) error {
	old, found, err := entities.Get(w, key(e.Kind, e.Account, e.Name))
	if err != nil {
		return err
	}
	if found {
		return errTaken(e.Kind, old.Name)
	}
	if err := register(w, e.Account); err != nil {
		return err
	}
	if err := ids.Put(w, e.ID, key(e.Kind, e.Account, e.Name)); err != nil {
		return err
	}
	return save(w, e)
}

// remove deletes e, to which nothing but a boundary may be attached any more.
func remove(w store.Writer, e *entity) error {
	if e.Boundary != "" {
		if err := unlink(w, e.Boundary, asBoundary, e.ID); err != nil {
			return err
		}
	}
	if err := ids.Delete(w, e.ID); err != nil {
		return err
	}
	return entities.Delete(w, key(e.Kind, e.Account, e.Name))
}

// rename gives e another name and path.
func rename(w store.Writer, e *entity, name, path string) error {
	from, to := key(e.Kind, e.Account, e.Name), key(e.Kind, e.Account, name)
	if from != to {
		if _, found, err := entities.Get(w, to); err != nil || found {
			if found {
				err = errTaken(e.Kind, name)
			}
			return err
		}
		if err := entities.Delete(w, from); err != nil {
			return err
		}
		if err := ids.Put(w, e.ID, to); err != nil {
			return err
		}
	}
	e.Name, e.Path = name, path
	return save(w, e)
}

// unlink removes the note that the policy with that ARN is in use. A policy that is gone has none.
func unlink(w store.Writer, policyARN, use, id string) error {
	p, found, err := lookupPolicy(w, policyARN)
	if err != nil || !found {
		return err
	}
	return links.Delete(w, linkKey(p.ID, use, id))
}

// linked returns the entities that from is linked to, by name.
func linked(r store.Reader, from, use string) ([]entity, error) {
	var list []entity
	err := links.Scan(r, linkKey(from, use, ""), "", func(name string, _ struct{}) (bool, error) {
		e, found, err := byID(r, name[strings.LastIndexByte(name, '/')+1:])
		if found {
			list = append(list, e)
		}
		return true, err
	})
	slices.SortFunc(list, func(a, b entity) int { return strings.Compare(a.arn(), b.arn()) })
	return list, err
}

// all returns the entities of a kind whose path starts with prefix, by name.
func all(r store.Reader, k kind, account, prefix string) ([]entity, error) {
	var list []entity
	err := entities.Scan(r, key(k, account, ""), "", func(_ string, e entity) (bool, error) {
		if strings.HasPrefix(e.Path, prefix) {
			list = append(list, e)
		}
		return true, nil
	})
	return list, err
}
