// Package scenarios is the stack that "qldbkms-harness scenario" builds.
//
// Stack is a Terraform configuration, RotatePolicy with NoAccessPolicy the policies of the two keys that operators
// make beside it. Everything is for account 111122223333, Region eu-west-2 and stage poc.
package scenarios

import "embed"

// Stack is the Terraform configuration, in folder stack.
//
//go:embed stack/*.tf
var Stack embed.FS

// RotatePolicy is the policy of a key the functions may decrypt with.
//
//go:embed keys/rotate.json
var RotatePolicy string

// NoAccessPolicy is the policy of a key that QLDB may use, but not the functions.
//
//go:embed keys/no-access.json
var NoAccessPolicy string
