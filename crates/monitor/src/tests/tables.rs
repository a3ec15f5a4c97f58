//! The built-in types say of themselves what the tables say by which files are checked.

use crate::types::Registry;

#[test]
fn built_in_types_describe_themselves_as_the_tables_do() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let registry = Registry::of_this_machine();
    for table in declaration::types() {
        let Some(kind) = registry.find(&table.name.parse().unwrap()) else { continue };
        let said = runtime.block_on(kind.describe()).unwrap();
        assert_eq!((said.name.as_str(), said.summary.as_str()), (table.name, table.summary));
        let said: Vec<_> = said
            .parameters
            .iter()
            .map(|one| (one.name.as_str(), one.required, one.default.as_deref(), one.summary.as_str()))
            .collect();
        let table: Vec<_> = table
            .parameters
            .iter()
            .map(|one| (one.name, one.required, one.default, one.description))
            .collect();
        assert_eq!(said, table);
    }
}
