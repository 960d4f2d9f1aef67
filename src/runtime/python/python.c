/* SPDX-License-Identifier: MIT */
/* python.c — CPython inside the zygote. It starts as /usr/bin/python3 would find its libraries, runs the warm-up of
 * _sallyport, and stops where a fork begins; each session goes on from there. The one file that includes Python.h. */
#define PY_SSIZE_T_CLEAN
/* Python's headers come first and shadow names of their own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <Python.h>
#pragma GCC diagnostic pop

#include "runtime/interpreter.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/text.h"
#include "runtime/python/modules.h"

#define PROGRAM L"/usr/bin/python3"

static PyObject *session_main;

static enum status initialize(struct err *err)
{
    PyPreConfig pre;
    PyPreConfig_InitIsolatedConfig(&pre);
    pre.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&pre);
    if (PyStatus_Exception(status))
        return err_set(err, STATUS_INTERNAL, "python: %s", text_or(status.err_msg, "no pre-init"));
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.install_signal_handlers = 0;
    config.write_bytecode = 0;
    config.user_site_directory = 0;
    status = PyConfig_SetString(&config, &config.program_name, PROGRAM);
    if (!PyStatus_Exception(status))
        status = PyConfig_SetString(&config, &config.executable, PROGRAM);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status))
        return err_set(err, STATUS_INTERNAL, "python: %s", text_or(status.err_msg, "no init"));
    return STATUS_OK;
}

/* Python's pending exception as our error; stderr leads nowhere in the zygote. */
static enum status take_exception(struct err *err)
{
    PyObject *type = NULL, *value = NULL, *trace = NULL;
    PyErr_Fetch(&type, &value, &trace);
    PyObject *text = value ? PyObject_Repr(value) : NULL;
    const char *words = text ? PyUnicode_AsUTF8(text) : NULL;
    enum status status = err_set(err, STATUS_INTERNAL, "warming up: %s", text_or(words, "unknown"));
    Py_XDECREF(text);
    Py_XDECREF(trace);
    Py_XDECREF(value);
    Py_XDECREF(type);
    return status;
}

/* One module of ours, made from its text. It gets builtins of its own: a cell may replace those of the
 * interpreter. NULL with an exception set on failure. */
static PyObject *load_module(const char *name, const char *text)
{
    char file[64];
    snprintf(file, sizeof file, "<%s>", name);
    PyObject *code = Py_CompileString(text, file, Py_file_input);
    PyObject *module = code ? PyImport_AddModule(name) : NULL; /* borrowed */
    PyObject *builtins = module ? PyDict_Copy(PyEval_GetBuiltins()) : NULL;
    PyObject *loaded = NULL;

    if (builtins && PyDict_SetItemString(PyModule_GetDict(module), "__builtins__", builtins) == 0)
        loaded = PyImport_ExecCodeModuleEx(name, code, file);
    Py_XDECREF(builtins);
    Py_XDECREF(code);
    return loaded;
}

/* The last module of the table is the one that is called. */
static enum status load_runner(struct err *err)
{
    PyObject *module = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(python_modules); i++) {
        Py_XDECREF(module);
        module = load_module(python_modules[i].name, python_modules[i].text);
        if (!module)
            return take_exception(err);
    }

    PyObject *done = PyObject_CallMethod(module, "warm", NULL);
    session_main = done ? PyObject_GetAttrString(module, "session_main") : NULL;
    Py_XDECREF(done);
    Py_DECREF(module);
    return session_main ? STATUS_OK : take_exception(err);
}

static enum status start(struct err *err)
{
    enum status status = initialize(err);
    if (status == STATUS_OK)
        status = load_runner(err);
    /* From here on the zygote is always about to fork: once is enough for all forks. */
    if (status == STATUS_OK)
        PyOS_BeforeFork();
    return status;
}

/* OpenBLAS in the zygote has no threads, which a fork would lose; it makes them when it is told of more.
 * Where numpy brings another library, that one stays with one thread. */
static void raise_processors(unsigned processors)
{
    char text[16];
    void *library = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_NOLOAD);
    void (*set)(int) = NULL;
    if (library)
        *(void **)&set = dlsym(library, "openblas_set_num_threads");
    if (set)
        set((int)processors);
    /* For programs that the session starts. */
    snprintf(text, sizeof text, "%u", processors);
    setenv("OPENBLAS_NUM_THREADS", text, 1);
    setenv("OMP_NUM_THREADS", text, 1);
}

/* The C library's generators would draw the same numbers in every session. */
static void reseed_libc(void)
{
    unsigned seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        _exit(1);
    srandom(seed);
    srand48((long)seed);
}

static int run_session(int control_fd, unsigned processors, const uint32_t *interrupts)
{
    PyOS_AfterFork_Child();
    reseed_libc();
    if (processors > 1)
        raise_processors(processors);
    PyObject *count = PyMemoryView_FromMemory((char *)interrupts, sizeof *interrupts, PyBUF_READ);
    PyObject *done = count ? PyObject_CallFunction(session_main, "iO", control_fd, count) : NULL;
    return done ? 0 : 1;
}

const struct interpreter interpreter = {
    .process_name = "python3",
    .version = "Python " PY_VERSION,
    .start = start,
    .run_session = run_session,
};
