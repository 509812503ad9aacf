package transform

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/warehouse"
)

func TestACategoriesFileIsReadAsItWasWritten(t *testing.T) {
	lines := []CategoryLine{
		{"", "airlines_air_carriers", "Airlines", "ann@example.com", "2026-01-31", Same},
		{"procurify", "meals*", "Meals, and more", "", "", Same},
		{"", "Meals", "Office meals", "", "", Different},
		{"", "Meals", "Metals", "", "", Different},
	}
	path := filepath.Join(t.TempDir(), "categories.csv")
	if err := WriteCategoriesFile(path, lines); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCategoriesFile(t.Context(), nil, path)
	if diff := cmp.Diff(lines, got); diff != "" || err != nil {
		t.Errorf("err %v, lines (-want +got):\n%s", err, diff)
	}
}

func TestTheDecisionOfACategoryMayBeLeftOut(t *testing.T) {
	for _, text := range []string{
		"source,match,category,who,when\n,meals,Meals,,\n",
		"Category,Match,Source,When,Who\nMeals,meals,*,,\n",
	} {
		got, err := categories.parse([]byte(text))
		if diff := cmp.Diff([]CategoryLine{{Match: "meals", Name: "Meals", Decision: Same}}, got); diff != "" || err != nil {
			t.Errorf("%q: err %v, lines (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestAColumnThatWouldBeLostIsRefused(t *testing.T) {
	for _, header := range []string{
		"match,category,who,when", "source,match,category,who,when,note", "source,match,category,who,when,decision,note",
	} {
		_, err := categories.parse([]byte(header + "\n"))
		if err == nil || err.Error() != "line 1: write source,match,category,who,when,decision" {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func TestACategoriesFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "categories.csv")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteCategoriesFile(path, nil); err == nil {
		t.Error("a folder was replaced")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("%v, %v stay behind", left, err)
	}
}

// TestGoAndSQLAgreeOnCategories: lines that a file may not have twice are those
// that match the same.
func TestGoAndSQLAgreeOnCategories(t *testing.T) {
	db := openWith(t, map[string]string{"test/category_key.sql": "select category_key($text)"})
	if _, err := db.Exec(t.Context(), "transform/macro.category_key", nil); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Meals":                 "meals",
		"airlines_air_carriers": "airlines air carriers",
		"Meals & Entertainment": "meals entertainment",
		" Travel:\u00a0 Air ":   "travel air",
		"IT-Expense:Software":   "it expense software",
		"C++":                   "c++",
		"E\u0301quipe ÉQUIPE":   "équipe équipe",
		"旅費\u3000交通費":           "旅費 交通費",
		"zero\u200bwidth":       "zero width",
		"--":                    "--",
		"***":                   "***",
	} {
		var got string
		if err := db.Get(t.Context(), "test/category_key.sql", warehouse.Args{"text": text}, &got); err != nil {
			t.Fatal(err)
		}
		if key := categoryKey(text); key != want || got != want {
			t.Errorf("%q: %q in Go, %q in SQL, want %q", text, key, got, want)
		}
	}
}
