namespace Atelier.Architecture.Tests;

/// <summary>
/// Which project may depend on which: the table of docs/architecture.md, which <see cref="DependencyTests"/> assert. A new
/// project gets a row here and there.
/// </summary>
internal static class DependencyTable
{
    /// <summary>A row for every project under <c>src</c>.</summary>
    public static IReadOnlyList<DependencyRow> Rows { get; } =
    [
        new("src/Core", [], []),
        // Training computes by the kernel's plan where it composes an augmentation of libtorch's functions.
        new("src/Kernels", [], []) { Friends = ["Atelier.Training", "Atelier.Training.Tests"] },
        new("src/Protos", ["src/Core"], ["Google.Protobuf", "Grpc.Core.Api", "Grpc.Tools"]),
        new("src/Rpc", ["src/Core"], ["Grpc.Net.Client"]),
        // The scalars of runs, as TensorBoard reads them, are messages too.
        new("src/Storage", ["src/Core", "src/Protos"], ["AWSSDK.Core", "AWSSDK.S3", "Google.Protobuf"]),
        new("src/Training", ["src/Core", "src/Kernels", "src/Storage"],
            ["libtorch-cpu-linux-x64", "ScottPlot", "SixLabors.ImageSharp", "SkiaSharp", "SkiaSharp.NativeAssets.Linux.NoDependencies", "System.IO.Hashing", "TorchSharp", "TorchSharp-cuda-linux"]),
        // The loop handles the tensors that Training's public members speak of; it references no binding of its own.
        new("src/Worker", ["src/Core", "src/Protos", "src/Rpc", "src/Storage", "src/Training"], ["Google.Protobuf", "Grpc.AspNetCore"]) { Sees = ["TorchSharp"] },
        // No coordinator: the operator asks one through an interface.
        new("src/Kubernetes", ["src/Core"], ["KubernetesClient"]) { Sees = ["YamlDotNet"] },
        // Reads what trainers leave; never Training, as the coordinator, which serves it.
        new("src/Dashboard", ["src/Core", "src/Protos", "src/Rpc", "src/Storage"], ["Google.Protobuf"]),
        // Never Training: the process that keeps runs together loads no libtorch.
        new("src/Coordinator", ["src/Core", "src/Dashboard", "src/Kubernetes", "src/Protos", "src/Rpc", "src/Storage"],
            ["Google.Protobuf", "Grpc.AspNetCore", "Grpc.AspNetCore.HealthChecks", "Microsoft.Data.Sqlite", "Microsoft.Orleans.Clustering.AdoNet", "Microsoft.Orleans.Connections.Security", "Microsoft.Orleans.Persistence.AdoNet",
                "Microsoft.Orleans.Sdk", "Microsoft.Orleans.Serialization.SystemTextJson", "Microsoft.Orleans.Server", "Npgsql"]),
        new("src/Cli", ["src/Coordinator", "src/Core", "src/Dashboard", "src/Kubernetes", "src/Protos", "src/Rpc", "src/Storage", "src/Training", "src/Worker"], ["Google.Protobuf", "Grpc.Net.Client", "OpenTelemetry.Exporter.OpenTelemetryProtocol", "OpenTelemetry.Exporter.Prometheus.AspNetCore", "OpenTelemetry.Instrumentation.AspNetCore",
                "OpenTelemetry.Instrumentation.GrpcNetClient", "OpenTelemetry.Instrumentation.Process", "OpenTelemetry.Instrumentation.Runtime", "Spectre.Console", "System.CommandLine"])
        {
            Sees = ["TorchSharp"],
            // Benchmarks start its processes and report errors as it does.
            Friends = ["atelier-bench"],
        },
        // It starts the command line's processes; no code of theirs is compiled into it.
        new("src/AppHost", ["src/Cli"], ["Aspire.Hosting.AppHost", "Nerdbank.MessagePack", "Polly.Core"]) { IsOutsideTheSolution = true },
    ];

    /// <summary>Projects under <c>tests</c> that mirror no single project: what they may reference.</summary>
    public static IReadOnlyDictionary<string, string[]> TestProjects { get; } = new Dictionary<string, string[]>
    {
        ["tests/TestKit"] = ["src/Worker"],
        // A browser walks the dashboard as a coordinator serves it.
        ["tests/Dashboard.Tests"] = ["src/Coordinator", "src/Dashboard"],
        ["tests/Bench.Tests"] = ["bench/Bench", "tests/TestKit"],
        // The kernels' draws have the bits of Core's, number by number.
        ["tests/Kernels.Tests"] = ["src/Core", "src/Kernels"],
        ["tests/Cluster.Tests"] = ["src/Cli", "tests/TestKit"],
        // Its coordinators and workers are processes of the command line.
        ["tests/Kubernetes.Tests"] = ["src/Cli", "src/Kubernetes", "tests/TestKit"],
        ["tests/Architecture.Tests"] = ["src/Cli", "src/Coordinator", "src/Kernels", "src/Protos", "src/Rpc", "tests/TestKit"],
    };

    /// <summary>Packages that any test project may reference.</summary>
    public static IReadOnlyList<string> TestPackages { get; } = ["Cel", "Deque.AxeCore.Playwright", "FsCheck", "Grpc.AspNetCore", "Microsoft.CodeAnalysis.CSharp", "Microsoft.ML.OnnxRuntime", "Microsoft.Playwright", "xunit.v3"];

    /// <summary>Families of packages whose assemblies use each other's types: how the packages' names begin, and how the assemblies' do.</summary>
    public static IReadOnlyDictionary<string, string> PackageFamilies { get; } = new Dictionary<string, string> { ["Grpc."] = "Grpc.", ["Microsoft.Orleans."] = "Orleans.", ["OpenTelemetry."] = "OpenTelemetry" };

    /// <summary>Where native code may be imported and pointers used, and why.</summary>
    public static IReadOnlyDictionary<string, string> NativeBoundary { get; } = new Dictionary<string, string>
    {
        ["src/Training/Interop"] = "libtorch's graph, and how its libraries load",
        ["src/Training/Numerics"] = "asks for the GPU's driver without loading libtorch",
        ["src/Training/Ops"] = "hands the kernels the memory of tensors",
        ["src/Training/Metrics/Statistics"] = "hands a kernel the memory of tensors",
        ["src/Kernels"] = "arithmetic on plain memory",
        ["src/Worker/Interop"] = "collectives",
        ["src/Storage/Interop"] = "syncing a directory, which the class library refuses (docs/decisions/0005-snapshots.md)",
    };

    /// <summary>Source files over 400 lines, and why they are; none so far.</summary>
    public static IReadOnlyDictionary<string, string> LongFiles { get; } = new Dictionary<string, string>();
}

/// <summary>What one project may depend on, besides the class library.</summary>
/// <param name="Project">Its folder.</param>
/// <param name="Projects">Projects that it may reference.</param>
/// <param name="Packages">Packages that it may reference.</param>
internal sealed record DependencyRow(string Project, string[] Projects, string[] Packages)
{
    /// <summary>Assemblies that it may use as far as a referenced project's public members expose them.</summary>
    public string[] Sees { get; init; } = [];

    /// <summary>Whether it is built alone, so that the solution needs none of its packages (docs/decisions/0015-apphost.md).</summary>
    public bool IsOutsideTheSolution { get; init; }

    /// <summary>Assemblies besides its tests that see its internals.</summary>
    public string[] Friends { get; init; } = [];
}
