package demo

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"kurir/agent/simulator"
)

// number makes an Aju number: 26 digits.
func number(n int) string {
	return fmt.Sprintf("05030100471120260131%06d", n)
}

// castCars makes the Aju numbers of the lists; the first has the published answers.
func (s *stage) castCars() {
	s.cars = []string{simulator.PublishedCar}
	for n := range 6 {
		s.cars = append(s.cars, number(n+1))
	}
}

// dropLists puts the numbers into the inbox of lists: as text, as CSV with a wrong line, and as a sheet.
func (s *stage) dropLists(ctx context.Context) error {
	sheet, err := spreadsheet(s.cars[5:])
	if err != nil {
		return err
	}
	text := "# made by kurir demo\n" + s.cars[0] + "\n" + dashed(s.cars[1]) + "\n\n" + s.cars[2] + "\n"
	csv := "nomor_aju;kode_dokumen\r\n" + s.cars[3] + ";30\r\n5,08E+25;30\r\n" + s.cars[4] + ";30\r\n" + s.cars[1] + ";30\r\n"
	for _, list := range []photo{{"monday.txt", []byte(text)}, {"erp-export.csv", []byte(csv)}, {"imports.xlsx", sheet}} {
		if err := writeAll(s.lists, []photo{list}); err != nil {
			return err
		}
		s.o.Progress.State(filepath.Base(s.lists)+"/"+list.name, "dropped", "")
		sleep(ctx, time.Second)
	}
	return nil
}

// awaitSummaries waits until the summaries of the lists say of all numbers that they are done: they follow the documents
// within a second or so.
func (s *stage) awaitSummaries(ctx context.Context) {
	for sleep(ctx, lookEvery) {
		all := s.summaries()
		if !slices.ContainsFunc(s.cars, func(car string) bool { return !saysDone(all, car) }) {
			return
		}
	}
}

// dashed writes a number as people do.
func dashed(car string) string {
	return strings.Join([]string{car[:6], car[6:12], car[12:20], car[20:]}, "-")
}

func spreadsheet(cars []string) ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }() // it is in memory
	rows := [][]any{{"car", "kode_dokumen"}}
	for _, car := range cars {
		rows = append(rows, []any{car, "30"})
	}
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			return nil, fmt.Errorf("make spreadsheet: %w", err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, fmt.Errorf("make spreadsheet: %w", err)
	}
	return b.Bytes(), nil
}
