//! What a query finds when it runs: one table, functions, and nothing that leads outside.

use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider,
};
use datafusion::common::Result;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, SessionStateDefaults};
use datafusion::object_store::memory::InMemory;
use datafusion::prelude::SessionConfig;

use crate::counting::Counting;
use crate::functions;
use crate::shape::Shape;
use crate::table::{LOGS, Logs};

pub(crate) const CATALOG: &str = "catchment";
pub(crate) const SCHEMA: &str = "public";

/// Where the scan believes its files to be. Nothing is ever read there: parts are read by a reader of our own.
pub(crate) const STORE_URL: &str = "part://store/";

/// A session without a table. It knows no table function, no file format, no store of objects but an empty one in
/// memory, and it has no place on disk to spill to.
pub(crate) fn empty(memory_bytes: usize, threads: usize) -> Result<SessionState> {
    let mut functions = SessionStateDefaults::default_scalar_functions();
    functions.extend(functions::all());
    Ok(SessionStateBuilder::new()
        .with_config(config(threads))
        .with_runtime_env(surroundings(memory_bytes)?)
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_scalar_functions(functions)
        .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_optimizer_rule(Arc::new(Counting))
        .build())
}

/// The session with the table `logs`, its clock set to now.
pub(crate) fn with_logs(empty: &SessionState, logs: Logs) -> Result<SessionState> {
    let tables = MemorySchemaProvider::new();
    tables.register_table(LOGS.to_owned(), Arc::new(logs))?;
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(tables))?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    let mut state = empty.clone();
    state.register_catalog_list(Arc::new(catalogs));
    state.mark_start_execution();
    Ok(state)
}

/// Sets how the table is to be read.
pub(crate) fn set_shape(state: &mut SessionState, shape: Shape) {
    let config = state.config_mut();
    config.options_mut().execution.parquet.pushdown_filters = shape.late;
    config.set_extension(Arc::new(shape));
}

fn config(threads: usize) -> SessionConfig {
    // Errors about names say where those are.
    let config = SessionConfig::new().set_bool("datafusion.sql_parser.collect_spans", true);
    config
        .with_target_partitions(threads)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
}

fn surroundings(memory_bytes: usize) -> Result<Arc<RuntimeEnv>> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory_bytes)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()?;
    runtime.deregister_object_store(ObjectStoreUrl::local_filesystem().as_ref())?;
    runtime.register_object_store(ObjectStoreUrl::parse(STORE_URL)?.as_ref(), Arc::new(InMemory::new()));
    Ok(runtime)
}
