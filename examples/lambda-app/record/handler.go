// Package record is the two functions of an application that keeps records in a ledger.
//
// POST /record and GET /record/{id} answer as functions behind an API gateway would:
//
//	201 "Success"
//	200 {"id":1,"firstName":...}
//	400 {"status":400,"title":"Record Not Found Error","detail":"Record with id 9999 does not exist"}
//	500 {"status":500,"title":"AccessDeniedException","detail":"..."}
//
// Title and detail of a 500 are the name and the text of the service's error. Each function has a role of its own with
// the least rights it needs, see CreateRole and GetRole.
package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/aws/smithy-go"
)

// maxBody is in bytes. A document of QLDB holds 128 KB.
const maxBody = 128 << 10

// problem is the body of an answer that is not a success.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// Handler serves both functions: create is opened with the rights of CreateRole, get with those of GetRole.
func Handler(create, get *Store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /record", func(w http.ResponseWriter, r *http.Request) {
		status, body := createRecord(w, r, create)
		answer(w, status, body)
	})
	mux.HandleFunc("GET /record/{id}", func(w http.ResponseWriter, r *http.Request) {
		status, body := getRecord(r, get)
		answer(w, status, body)
	})
	return mux
}

func createRecord(w http.ResponseWriter, r *http.Request, store *Store) (status int, body any) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	var record struct {
		Record
		ID *int `json:"id"` // nil when it is not given
	}
	if err := decoder.Decode(&record); err != nil {
		return invalid("The body is not a record: " + err.Error())
	}
	if record.ID == nil {
		return invalid("The record has no id")
	}
	record.Record.ID = *record.ID
	if err := store.Create(r.Context(), record.Record); err != nil {
		return refused(err)
	}
	return http.StatusCreated, "Success"
}

func getRecord(r *http.Request, store *Store) (status int, body any) {
	// The id is a number in the document, and QLDB compares no number with a string.
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return invalid(fmt.Sprintf("The id %.40q is not an integer", r.PathValue("id")))
	}
	found, err := store.Get(r.Context(), id)
	switch {
	case errors.Is(err, ErrNotFound):
		return http.StatusBadRequest, problem{
			http.StatusBadRequest, "Record Not Found Error", fmt.Sprintf("Record with id %d does not exist", id),
		}
	case err != nil:
		return refused(err)
	}
	return http.StatusOK, found
}

func invalid(detail string) (int, any) {
	return http.StatusBadRequest, problem{http.StatusBadRequest, "Invalid Request Error", detail}
}

// refused is the answer to an error of the ledger.
func refused(err error) (int, any) {
	title, detail := "Error", err.Error()
	if named, ok := errors.AsType[smithy.APIError](err); ok {
		title, detail = named.ErrorCode(), named.ErrorMessage()
	}
	return http.StatusInternalServerError, problem{http.StatusInternalServerError, title, detail}
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"status":500,"title":"Error","detail":"no JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that has gone away needs no answer.
	_, _ = w.Write(text)
}
