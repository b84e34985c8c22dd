package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/test/bench/dataset"
)

// people are those who look at the pages, signed in, and what they look at.
type people struct {
	company  string // the largest
	orderer  string // header line of the cookie
	reviewer string
	officer  string
	floor    string // production
	holders  []shown
	signers  []shown
	lines    [][]string // of the company: order, line
	cards    [][]string // of the company: number, state
	queue    []string   // lines that wait for review
	batches  []string
	keys     *seal.Keeper
}

// shown is a cardholder with the card or line that they look at.
type shown struct{ cookie, what string }

const looks = 200 // how often each page is asked for

// meet signs everybody in.
func (b *bench) meet(set dataset.Set, pool *sql.DB) (*people, error) {
	p := &people{}
	one := func(query string, args ...any) string {
		all, err := texts(b.ctx, pool, query, args...)
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("%w: %s", errNothing, query)
		}
		if err != nil {
			panic(err)
		}
		return all[0]
	}
	err := caught(func() {
		p.company = one(`SELECT id FROM company ORDER BY id LIMIT 1`) // the generator's first is the largest
		in := func(role string) string {
			cookie, err := session(b.ctx, pool, one(`SELECT account_id FROM account_grant WHERE role = $1 AND revoked_at IS NULL ORDER BY id LIMIT 1`, role))
			if err != nil {
				panic(err)
			}
			return cookie
		}
		p.reviewer, p.officer, p.floor = in("reviewer"), in("officer"), in("production")
		cookie, err := session(b.ctx, pool, one(`SELECT account_id FROM account_grant WHERE role = 'orderer' AND company_id = $1 ORDER BY id LIMIT 1`, p.company))
		if err != nil {
			panic(err)
		}
		p.orderer = cookie
	})
	if err != nil {
		return nil, err
	}
	var errs [4]error
	p.lines, errs[0] = rowsOf(b.ctx, pool, 2, `SELECT order_id, id FROM order_line WHERE company = $1 AND state <> 'draft' ORDER BY id DESC LIMIT $2`, p.company, looks)
	p.cards, errs[1] = rowsOf(b.ctx, pool, 2, `SELECT number, state FROM card WHERE company_id = $1 AND state = 'active' AND valid_until >= $3
		ORDER BY surname, given_name, id LIMIT $2`, p.company, looks, time.Now().AddDate(0, 0, 2).Format(time.DateOnly))
	p.queue, errs[2] = texts(b.ctx, pool, `SELECT id FROM order_line WHERE state = 'ordered' ORDER BY queued_at, id LIMIT $1`, looks)
	p.batches, errs[3] = texts(b.ctx, pool, `SELECT id FROM batch ORDER BY id LIMIT $1`, looks)
	return p, errors.Join(errors.Join(errs[:]...), b.holders(pool, p), b.signers(set, pool, p))
}

// caught turns a panic with an error into that error: for a run of queries that all have to answer.
func caught(fn func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(error)
			if !ok {
				panic(p)
			}
			err = e
		}
	}()
	fn()
	return nil
}

// holders have an account and a card.
func (b *bench) holders(pool *sql.DB, p *people) error {
	rows, err := rowsOf(b.ctx, pool, 2, `SELECT a.id, c.number FROM account a JOIN card c ON c.person_id = a.person_id WHERE c.state = 'active' ORDER BY a.id DESC LIMIT 50`)
	for _, r := range rows {
		cookie, e := session(b.ctx, pool, r[0])
		err = errors.Join(err, e)
		p.holders = append(p.holders, shown{cookie, r[1]})
	}
	return err
}

// signers are asked for their approval: they get the person and the account that their first identification would make.
func (b *bench) signers(set dataset.Set, pool *sql.DB, p *people) error {
	keys, err := seal.Open(set.KeyFile)
	if err != nil {
		return err
	}
	p.keys = keys
	rows, err := rowsOf(b.ctx, pool, 5, `SELECT id, personal_number_hash, given_name, surname, birth_date FROM order_line
		WHERE state = 'awaiting_cardholder' ORDER BY id DESC LIMIT 20`)
	if err != nil {
		return err
	}
	for _, r := range rows {
		known, err := texts(b.ctx, pool, `SELECT id FROM person WHERE number_hash = $1`, r[1])
		if err != nil {
			return err
		}
		if len(known) == 0 {
			if known, err = b.join(keys, pool, r); err != nil {
				return err
			}
		}
		account, err := texts(b.ctx, pool, `SELECT id FROM account WHERE person_id = $1`, known[0])
		if err != nil || len(account) == 0 {
			return errors.Join(err, errNothing)
		}
		cookie, err := session(b.ctx, pool, account[0])
		if err != nil {
			return err
		}
		p.signers = append(p.signers, shown{cookie, r[0]})
	}
	return nil
}

// join makes person and account of a line's cardholder.
func (b *bench) join(keys *seal.Keeper, pool *sql.DB, line []string) ([]string, error) {
	var sealed []byte
	if err := pool.QueryRowContext(b.ctx, `SELECT personal_number FROM order_line WHERE id = $1`, line[0]).Scan(&sealed); err != nil {
		return nil, err
	}
	number, err := keys.Unseal("line.personal_number", line[0], sealed)
	if err != nil {
		return nil, err
	}
	id := newID()
	if sealed, err = keys.Seal("person.number", id, number); err != nil {
		return nil, err
	}
	at := dataset.Today.UnixMicro()
	if _, err := pool.ExecContext(b.ctx, `INSERT INTO person (id, number_hash, number_sealed, given_name, surname, birth_date, nationality, nationality_proven,
		email, phone, street, postcode, city, country, lang, proven_by, proven_at, revision, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'SE', $7, 'x@kortverk.example', '+46700000000', 'Exempelgatan 1', '111 22', 'Exempelstad', 'SE', 'sv', 'bankid', $8, 1, $8)`,
		id, line[1], sealed, line[2], line[3], line[4], false, at); err != nil {
		return nil, err
	}
	_, err = pool.ExecContext(b.ctx, `INSERT INTO account (id, person_id, email, lang, created_at) VALUES ($1, $2, 'x@kortverk.example', 'sv', $3)`, newID(), id, at)
	return []string{id}, err
}

// form is a posted body.
func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

const squeezed = "Accept-Encoding: gzip\r\n"

// as are header lines of somebody who reads Swedish and has a browser that takes gzip.
func as(cookie string) string { return cookie + squeezed }

// from is the address of the i-th visitor, behind the proxy.
func from(i int) string { return fmt.Sprintf("X-Forwarded-For: 10.1.%d.%d\r\n", i/250, 1+i%250) }

func join(parts ...string) string { return strings.Join(parts, "/") }

// numbers are personal numbers of the company's cardholders, as somebody would type them.
func (b *bench) numbers(p *people, pool *sql.DB) ([]string, error) {
	rows, err := pool.QueryContext(b.ctx, `SELECT id, personal_number FROM order_line WHERE company = $1 AND state = 'produced' ORDER BY id DESC LIMIT $2`, p.company, looks)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		var sealed []byte
		if err := rows.Scan(&id, &sealed); err != nil {
			return nil, err
		}
		plain, err := p.keys.Unseal("line.personal_number", id, sealed)
		if err != nil {
			return nil, err
		}
		out = append(out, string(plain))
	}
	return out, rows.Err()
}
