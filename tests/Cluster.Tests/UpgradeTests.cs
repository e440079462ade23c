using System.Diagnostics;
using System.Xml.Linq;
using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>
/// Two builds in one cluster: a next version, whose messages, states and grains have more in them, takes over replica by replica
/// while a run goes on, and leaves again. It is made from the sources here, changed as versions do.
/// </summary>
public sealed class UpgradeTests(PostgresServer postgres) : IDisposable
{
    private const string Run = "faces";

    /// <summary>What the next version has more: a field in a message each way, in a type of the core, in a stored state; and a call that this version does not know.</summary>
    private static readonly (string File, string Old, string New)[] Changes =
    [
        ("Coordinator/Fleet/FleetMessages.cs", "public sealed record FleetView(", "public sealed record FleetView([property: Id(90)] string Later, "),
        ("Coordinator/Fleet/FleetGrain.cs", "        return new(\n            entry.Intent,", "        return new(\n            \"later\", entry.Intent,"),
        ("Coordinator/Fleet/FleetMessages.cs", "    /// <summary>When it was submitted.</summary>\n    [Id(10)]", "    [Id(91)]\n    public string Later { get; init; } = \"later\";\n\n    [Id(10)]"),
        ("Coordinator/Runs/RunGrainState.cs", "public sealed class RunGrainState : EpochState\n{", "public sealed class RunGrainState : EpochState\n{\n    public string Later { get; set; } = \"later\";"),
        ("Coordinator/Runs/IRunGrain.cs", "    [Alias(\"Forget\")]", "    [Alias(\"Later\")]\n    Task LaterAsync();\n\n    [Alias(\"Forget\")]"),
        ("Coordinator/Runs/RunGrain.Facts.cs", "    private void ObserveProgress()", "    public Task LaterAsync() => Task.CompletedTask;\n\n    private void ObserveProgress()"),
        ("Core/Fleet/Generations/WorkerMessages.cs", "    PrepareProgress? Preparing = null)\n{", "    PrepareProgress? Preparing = null)\n{\n    public string Later { get; init; } = \"later\";\n"),
    ];

    private static readonly string[] Rebuilt = ["Atelier.Core.dll", "Atelier.Coordinator.dll"];

    private readonly TemporaryFolder _folder = new();
    private StandingCluster? _cluster;

    [Fact]
    public async Task Replicas_ReplacedByTheNextVersionAndBack_TheRunGoesOn()
    {
        if (await postgres.WhyNotAsync() is { } reason)
            Assert.Skip(reason);
        var next = MakeNextVersion();
        _cluster = new StandingCluster(database: postgres.MakeSchema(), replicas: 3);
        for (int replica = 0; replica < _cluster.Replicas; replica++)
            await _cluster.UntilReplicaSaysAsync(replica, 1, IsListening);
        await _cluster.TrainOnTwoAsync(Run);
        var before = await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && run.Iteration > 10);

        long reached = before.Iteration;
        foreach (string? build in (string?[])[next, null])
        {
            for (int replica = 0; replica < _cluster.Replicas; replica++)
            {
                _cluster.ReplaceReplica(replica, build);
                await _cluster.UntilReplicaSaysAsync(replica, 1, IsListening);
                reached = (await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > reached, replica)).Iteration;
            }
        }

        await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running);
        new EventLog(_cluster.Store).AssertNoneEndedSince(before.Generation);
        await _cluster.AssertOneTrajectoryAsync(Run);
    }

    public void Dispose()
    {
        _cluster?.Dispose();
        _folder.Dispose();
    }

    private static bool IsListening(string line) => line.StartsWith("listening", StringComparison.Ordinal);

    /// <summary>Builds the changed sources, and puts them beside all else that the command needs.</summary>
    private string MakeNextVersion()
    {
        string sources = _folder["sources"], build = _folder["next"];
        foreach (string name in (string[])["Directory.Build.props", "Directory.Packages.props", ".editorconfig"])
            Copy(Path.Combine(Repository.Root, name), Path.Combine(sources, name));
        foreach (string project in WithReferences("Coordinator").Distinct())
        {
            string from = Path.Combine(Repository.Root, "src", project);
            foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
                Copy(file, Path.Combine(sources, "src", project, Path.GetRelativePath(from, file)));
        }

        foreach (var (name, old, changed) in Changes)
        {
            string file = Path.Combine(sources, "src", name), text = File.ReadAllText(file);
            Assert.Contains(old, text, StringComparison.Ordinal);
            File.WriteAllText(file, text.Replace(old, changed, StringComparison.Ordinal));
        }

        string output = Build(Path.Combine(sources, "src", "Coordinator"));
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
            Put(file, Path.Combine(build, Path.GetRelativePath(AppContext.BaseDirectory, file)));
        foreach (string name in Rebuilt)
            File.Copy(Path.Combine(output, name), Path.Combine(build, name), overwrite: true);
        return build;
    }

    /// <summary>A project of the product, and those that it refers to.</summary>
    private static IEnumerable<string> WithReferences(string project) =>
        XDocument.Load(Path.Combine(Repository.Root, "src", project, project + ".csproj")).Descendants("ProjectReference")
            .SelectMany(reference => WithReferences(Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))).Append(project);

    /// <returns>Where it was built to.</returns>
    private string Build(string project)
    {
        string[] arguments = ["build", project, "-c", "Release", "-o", _folder["output"], "--nologo", "-v", "quiet", "-clp:NoSummary", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:UseArtifactsOutput=false", "-p:UseSharedCompilation=false", "-nodeReuse:false"];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, printed);
        return _folder["output"];
    }

    /// <summary>Native libraries are large and the same.</summary>
    private static void Put(string from, string to)
    {
        if (!from.Contains(".so", StringComparison.Ordinal))
        {
            Copy(from, to);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.CreateSymbolicLink(to, from);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to);
    }
}
