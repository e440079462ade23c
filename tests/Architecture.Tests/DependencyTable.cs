namespace Atelier.Architecture.Tests;

/// <summary>
/// Which project may depend on which: the table of docs/architecture.md, which <see cref="DependencyTests"/> assert. A new
/// project gets a row here and there.
/// </summary>
internal static class DependencyTable
{
    public const string Grpc = "src/Platform/Grpc";

    public const string TorchSharp = "src/Platform/TorchSharp";

    public const string Orleans = "src/Platform/Orleans";

    /// <summary>A row for every project under <c>src</c>.</summary>
    public static IReadOnlyList<DependencyRow> Rows { get; } =
    [
        new("src/Core", [], []),
        new(Grpc, [], []),
        new(TorchSharp, [], []),
        new(Orleans, [], []),
        new("src/Kernels", [], []),
        // Under the switch the generated stubs are compiled against the packages.
        new("src/Protos", ["src/Core", Grpc], ["Google.Protobuf", "Grpc.AspNetCore", "Grpc.Net.Client", "Grpc.Tools"]),
        new("src/Rpc", ["src/Core", Grpc], ["Google.Protobuf", "Grpc.AspNetCore", "Grpc.Net.Client", "Grpc.Tools"]),
        new("src/Storage", ["src/Core"], ["AWSSDK.Core", "AWSSDK.S3"]),
        new("src/Training", ["src/Core", "src/Storage", TorchSharp], ["TorchSharp"]),
        // The loop handles the tensors that Training's public members speak of; it references no binding of its own.
        new("src/Worker", ["src/Core", "src/Protos", "src/Rpc", "src/Storage", "src/Training", Grpc], ["Google.Protobuf", "Grpc.Net.Client"]) { Sees = [TorchSharp] },
        // Never Training: the process that keeps runs together loads no libtorch.
        new("src/Coordinator", ["src/Core", "src/Protos", "src/Rpc", "src/Storage", Grpc, Orleans],
            ["Google.Protobuf", "Grpc.AspNetCore", "Microsoft.Data.Sqlite", "Microsoft.Orleans.Sdk", "Microsoft.Orleans.Server", "Npgsql"]),
        new("src/Cli", ["src/Coordinator", "src/Core", "src/Protos", "src/Rpc", "src/Storage", "src/Training", "src/Worker"], ["Google.Protobuf", "Spectre.Console", "System.CommandLine"])
        {
            Sees = [TorchSharp, Grpc],
        },
    ];

    /// <summary>Projects under <c>tests</c> that mirror no single project: what they may reference.</summary>
    public static IReadOnlyDictionary<string, string[]> TestProjects { get; } = new Dictionary<string, string[]>
    {
        ["tests/TestKit"] = ["src/Worker"],
        ["tests/Cluster.Tests"] = ["src/Cli", "tests/TestKit"],
        ["tests/Architecture.Tests"] = ["src/Cli", "src/Coordinator", "src/Protos", "src/Rpc", Grpc],
    };

    /// <summary>Packages that any test project may reference.</summary>
    public static IReadOnlyList<string> TestPackages { get; } = ["FsCheck", "Google.Protobuf", "Grpc.Tools", "xunit.v3"];

    /// <summary>The stand-ins, and the packages that take their place under the NamedPackages switch.</summary>
    public static IReadOnlyDictionary<string, string[]> StandIns { get; } = new Dictionary<string, string[]>
    {
        [Grpc] = ["Grpc.AspNetCore", "Grpc.Net.Client"],
        [TorchSharp] = ["TorchSharp"],
        [Orleans] = ["Microsoft.Orleans.Sdk", "Microsoft.Orleans.Server"],
    };

    /// <summary>All packages that stand-ins stand in for.</summary>
    public static IReadOnlyList<string> NamedPackages { get; } = [.. StandIns.Values.SelectMany(packages => packages)];

    /// <summary>How the names of a stand-in's packages' assemblies begin, where they are not called as the packages are.</summary>
    public static IReadOnlyDictionary<string, string> NamedAssemblies { get; } = new Dictionary<string, string> { [Orleans] = "Orleans.", [Grpc] = "Grpc." };

    /// <summary>Where native code may be imported and pointers used, and why.</summary>
    public static IReadOnlyDictionary<string, string> NativeBoundary { get; } = new Dictionary<string, string>
    {
        [TorchSharp] = "the binding of libtorch",
        ["src/Training/Interop"] = "the ops and the image library",
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
    /// <summary>Projects that it may use as far as a referenced one's public members expose them.</summary>
    public string[] Sees { get; init; } = [];
}
