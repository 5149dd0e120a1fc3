use vrl::prelude::*;

/// `get_env_var`, for scripts that may read the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GetEnvVar;

impl GetEnvVar {
    pub(crate) const NAME: &str = "get_env_var";
}

const PARAMETERS: &[Parameter] = &[Parameter::required("name", kind::BYTES, "The name of the variable")];

impl Function for GetEnvVar {
    fn identifier(&self) -> &'static str {
        Self::NAME
    }

    fn usage(&self) -> &'static str {
        "The value of a variable of the environment"
    }

    fn category(&self) -> &'static str {
        "System"
    }

    fn return_kind(&self) -> u16 {
        kind::BYTES
    }

    fn pure(&self) -> bool {
        false
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn examples(&self) -> &'static [Example] {
        &[]
    }

    fn compile(&self, _: &TypeState, _: &mut FunctionCompileContext, arguments: ArgumentList) -> Compiled {
        Ok(Read { name: arguments.required("name") }.as_expr())
    }
}

#[derive(Clone, Debug)]
struct Read {
    name: Box<dyn Expression>,
}

impl FunctionExpression for Read {
    fn resolve(&self, context: &mut Context<'_>) -> Resolved {
        let name = self.name.resolve(context)?;
        let name = name.try_bytes_utf8_lossy()?;
        std::env::var(&*name).map(Value::from).map_err(|error| format!("`{name}`: {error}").into())
    }

    fn type_def(&self, _: &TypeState) -> TypeDef {
        TypeDef::bytes().fallible()
    }
}
