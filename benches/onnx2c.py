"""onnx2c: how it is built from a pinned commit, outside the repository, and what its C takes.

`build` needs git (or a checkout with its submodules), g++, and Debian's protobuf-compiler and libprotobuf-dev. onnx2c reads no
shape that is computed while the model runs, so ONNX Runtime folds constants first; that changes no other operator. It writes the mean and the deviation of a norm to arrays that
it does not declare where the model asks for neither; those lines are taken out.
"""

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = "https://github.com/kraiskil/onnx2c"
COMMIT = "ea045cc169e9338bc8fe5b54d5109d2f2828db44"
UNDECLARED = re.compile(r"\s*(mean|inv_std_dev)(\[\w+\])+ = (mean|inv_std_dev)_value;")
OPTIMISED = ["gcc", "-O3", "-ffast-math", "-march=native"]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def build(directory, sources=None):
    """The program, built in `directory` from the checkout `sources`, or from the pinned commit."""
    for tool in ("protoc", "g++", "git"):
        if shutil.which(tool) is None:
            sys.exit(f"onnx2c needs {tool}: apt-get install protobuf-compiler libprotobuf-dev g++ git")
    if sources is None:
        sources = directory / "sources"
        run("git", "clone", "-q", REPOSITORY, sources)
        run("git", "-C", sources, "checkout", "-q", COMMIT)
        run("git", "-C", sources, "submodule", "-q", "update", "--init", "onnx", "args", "aixlog", "cmake_timestamp")
    sources = Path(sources).resolve()
    run("protoc", f"--proto_path={sources}/onnx/onnx", f"--cpp_out={directory}", f"{sources}/onnx/onnx/onnx.proto")
    includes = [f"-I{directory}", *(f"-I{sources}/{part}" for part in ("src", "aixlog/include", "args", "cmake_timestamp"))]
    names = ("GIT_HASH", "GIT_SHORT_HASH", "GIT_BRANCH", "GIT_DIRTY", "BUILD_TIME", "CPACK_VERSION")
    stamp = directory / "timestamp.o"
    run("gcc", "-w", "-c", sources / "cmake_timestamp/timestamp.c", "-o", stamp, *(f'-D{name}="{COMMIT[:7]}"' for name in names))
    parts = [*sorted((sources / "src").rglob("*.cc")), *sorted((sources / "src").rglob("*.cpp")), directory / "onnx.pb.cc"]
    program = directory / "onnx2c"
    run("g++", "-std=c++20", "-O1", "-w", "-DDEFAULT_LOG_LEVEL=1", *includes, *parts, stamp, "-lprotobuf", "-o", program)
    return program


def fold(onnx_file, folded):
    """Folds constants, so that no shape is computed while the model runs."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(onnx_file, options, providers=["CPUExecutionProvider"])
    model = onnx.load(folded)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        while node.output and not node.output[-1]:
            node.output.pop()
        # onnx2c takes a bias of as many numbers as there are rows for a column.
        bias = constants.get(node.input[2]) if node.op_type == "Gemm" and len(node.input) > 2 else None
        if bias is not None and len(bias.dims) == 1:
            bias.dims.insert(0, 1)
    onnx.save(model, folded)


def write_c(program, onnx_file, c_file):
    """The model as one C file, whose function is `entry(inputs…, outputs…)`."""
    folded = c_file.with_suffix(".folded.onnx")
    fold(onnx_file, folded)
    lines = run(program, folded).splitlines(keepends=True)
    c_file.write_text("".join(line for line in lines if not UNDECLARED.match(line)))


def sizes(c_file):
    """Bytes of RAM (.data and .bss), of flash (all that is loaded), and of stack, as gcc -O3 has them for this machine."""
    obj = c_file.with_suffix(".o")
    run("gcc", "-O3", "-fstack-usage", "-c", c_file, "-o", obj, cwd=c_file.parent)
    sections = {}
    for line in run("size", "-A", obj).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1].isdigit() and fields[0].startswith("."):
            kind = next((kind for kind in (".bss", ".data", ".rodata", ".text") if fields[0].startswith(kind)), None)
            sections[kind] = sections.get(kind, 0) + int(fields[1])
    frames = [line.split("\t") for line in c_file.with_suffix(".su").read_text().splitlines()]
    own = {name.rsplit(":", 1)[-1]: int(size) for name, size, _ in frames}
    # `entry` calls one operator after the other; none calls a further one.
    stack = own.pop("entry") + max(own.values(), default=0)
    ram = sections.get(".bss", 0) + sections.get(".data", 0)
    flash = sum(sections.get(kind, 0) for kind in (".text", ".rodata", ".data"))
    return ram, flash, stack


class Compiled:
    """The C of a model as a library in this process."""

    def __init__(self, c_file, inputs, outputs):
        """`inputs` and `outputs` are arrays, in the order of the model's own."""
        library = c_file.with_suffix(".so")
        run(*OPTIMISED, "-shared", "-fPIC", c_file, "-o", library, "-lm")
        self.library = ctypes.CDLL(str(library))
        self.outputs, self.kept = outputs, inputs
        self.arguments = [ctypes.c_void_p(array.ctypes.data) for array in [*inputs, *outputs]]

    def __call__(self):
        self.library.entry(*self.arguments)
        return self.outputs
