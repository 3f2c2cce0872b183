// Package comparison holds the plan's verdict on key policies against what the harness then does.
//
// It is tests only. They put several hundred policies, in shapes that public modules and documents use, on keys of a
// harness, let root users, users and roles of three accounts try them over HTTP, and compare each answer with what
// packages policy and preflight say of the same policy. testdata/policies.txt has the policies, testdata/verdicts.txt
// the answers, testdata/disagreements.txt where the two sides differ, and why.
package comparison
