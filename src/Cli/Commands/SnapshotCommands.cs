using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Exports;
using Atelier.Training.Numerics;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Runs;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier snapshots</c>: the snapshots of a run, oldest first.</summary>
internal static class SnapshotsCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("DIR") { Description = "the run folder" };
        var json = new Option<bool>("--json") { Description = "print a JSON array" };
        var command = new Command("snapshots", "List a run's snapshots, oldest first, and check every byte of them") { run, json };
        command.SetAction(parsed => Run(parsed.GetValue(run)!, parsed.GetValue(json)));
        return command;
    }

    private static int Run(string folder, bool json)
    {
        if (!Directory.Exists(folder))
            throw new UserErrorException($"{folder} does not exist");
        var store = new SnapshotStore(new FolderBlobStore(Path.GetFullPath(folder)), TimeProvider.System);
        var entries = store.ListAsync(CancellationToken.None).GetAwaiter().GetResult();
        if (entries.Count == 0 && RunRecord.TryLoad(new RunFolder(folder)) is null)
            throw new UserErrorException($"{folder} is not a run folder: it has neither run.json nor snapshots");
        // Sizes were checked; whether every byte is as it was written takes reading them.
        var damage = entries.ToDictionary(entry => entry.Name, entry => entry.Damage ?? Verify(store, entry.Name));
        var whole = entries.Where(entry => damage[entry.Name] is null).ToList();
        if (json)
        {
            Console.WriteLine(new JsonArray([.. whole.Select(entry => (JsonNode)new JsonObject
            {
                ["kimg"] = entry.Name.At.Kimg,
                ["path"] = PathOf(folder, entry.Name),
                ["state_sha256"] = entry.Manifest!.StateSha256,
            })]).ToJsonString());
        }
        else if (entries.Count > 0)
        {
            var metrics = whole.SelectMany(entry => entry.Manifest!.Metrics.Keys).Distinct().Order(StringComparer.Ordinal).ToList();
            string? best = Path.GetFileName(new FileInfo(new RunFolder(folder).Best).LinkTarget);
            foreach (string line in TextTable.Lines(
                ["snapshot", "taken", ">size", .. metrics.Select(metric => $">{metric}"), "", "state"],
                entries.Select(entry => Row(entry, damage[entry.Name], metrics, best))))
                Console.WriteLine(line);
        }
        if (entries.Count == 0)
            Console.Error.WriteLine($"atelier: {folder} has no snapshots yet");
        foreach (var damaged in entries.Where(entry => damage[entry.Name] is not null))
            Console.Error.WriteLine($"atelier: snapshot {damaged.Name} is damaged: {damage[damaged.Name]}");
        return whole.Count == entries.Count ? ExitCode.Success : ExitCode.Mismatch;
    }

    private static string[] Row(SnapshotEntry entry, string? damage, List<string> metrics, string? best) => entry.Manifest is { } manifest
        ?
        [
            $"{entry.Name}",
            manifest.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{manifest.Slices.Sum(slice => slice.Bytes) / 1e6:#,0.0} MB"),
            .. metrics.Select(metric => manifest.Metrics.TryGetValue(metric, out double value) ? value.ToString("0.###", CultureInfo.InvariantCulture) : "-"),
            damage is not null ? "DAMAGED" : entry.Name.ToString() == best ? "best" : "",
            manifest.StateSha256,
        ]
        : [$"{entry.Name}", "-", "-", .. metrics.Select(_ => "-"), "DAMAGED", "-"];

    private static string? Verify(SnapshotStore store, SnapshotName name)
    {
        try
        {
            using var open = store.OpenAsync(name, CancellationToken.None).GetAwaiter().GetResult();
            return null;
        }
        catch (SnapshotDamagedException e)
        {
            return e.Message;
        }
    }

    private static string PathOf(string folder, SnapshotName name) => Path.Combine(folder, SnapshotStore.FolderOf(name));
}

/// <summary><c>atelier export</c>: a run's generator as a file for use elsewhere.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "a run folder for its newest snapshot, a snapshot folder, or an export (to write .onnx)" };
        var output = new OutputFile("the file to write: .safetensors, or .onnx for other programs", ".safetensors", ".onnx");
        var all = new Option<bool>("--all") { Description = "write G, D and G_ema, each with its prefix, to start a run from, instead of only G_ema" };
        var trained = new Option<bool>("--trained") { Description = "write G as it is being trained, instead of its moving average G_ema" };
        var command = new Command("export", "Export the generator of a run as .safetensors with the published tensor names, or as ONNX") { run, all, trained };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            string file = output.Path(parsed);
            NumericsEnvironment.Apply(threads: 1);
            var networks = (parsed.GetValue(all), parsed.GetValue(trained)) switch
            {
                (true, true) => throw new UserErrorException("--all has G with the others: leave out --trained"),
                (true, false) => ExportedNetworks.All,
                (false, true) => ExportedNetworks.Trained,
                _ => ExportedNetworks.Average,
            };
            if (Path.GetExtension(file).Equals(".onnx", StringComparison.OrdinalIgnoreCase))
                return SaveOnnx(parsed.GetValue(run)!, file, networks);
            using var state = NetworkSource.OpenState(parsed.GetValue(run)!);
            NetworkFile.Save(file, state, networks);
            Console.WriteLine($"{file}: {(networks switch { ExportedNetworks.All => "G, D and G_ema", ExportedNetworks.Trained => "G", _ => "G_ema" })} at {state.ImageCount / 1000.0:0.###} kimg");
            return ExitCode.Success;
        });
        return command;
    }

    private static int SaveOnnx(string run, string output, ExportedNetworks networks)
    {
        if (networks != ExportedNetworks.Average)
            throw new UserErrorException($"{output} holds G_ema alone: leave out --all and --trained, or name a .safetensors file");
        using var network = NetworkSource.OpenGenerator(run, CPU);
        OnnxFile.Save(output, network);
        Console.WriteLine($"{output}: G_ema as ONNX; inputs z{(network.Network.Config.LabelSize > 0 ? ", c" : "")} and truncation, output image");
        return ExitCode.Success;
    }
}

/// <summary>Where a command takes a network from: an export, or a run's newest whole snapshot, or one it names.</summary>
internal static class NetworkSource
{
    /// <summary>Opens the averaged generator of a file or run.</summary>
    /// <param name="path">A <c>.safetensors</c> file, a run's folder, or a folder under its <c>snapshots</c>.</param>
    /// <param name="device">Where to put it.</param>
    public static LoadedGenerator OpenGenerator(string path, Device device)
    {
        if (File.Exists(path))
            return NetworkFile.LoadGenerator(path, ScalarType.Float32, device);
        using var state = OpenState(path);
        return NetworkFile.Use(state, device);
    }

    /// <summary>Loads the state of a run's newest whole snapshot, or of the snapshot that the path names.</summary>
    /// <exception cref="UserErrorException">There is none.</exception>
    public static TrajectoryState OpenState(string path)
    {
        if (!Directory.Exists(path))
            throw new UserErrorException($"{path} does not exist; name an export (.safetensors), a run folder or a snapshot folder");
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        full = Directory.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full; // a run's `best`
        var name = SnapshotName.TryParse(Path.GetFileName(full));
        var root = name is null ? full : Path.GetDirectoryName(Path.GetDirectoryName(full))!;
        var store = new SnapshotStore(new FolderBlobStore(root), TimeProvider.System);
        if (name is not null)
        {
            using var named = Open(store, name, path);
            return StateSections.Restore(named);
        }
        var search = store.OpenNewestAsync(CancellationToken.None).GetAwaiter().GetResult();
        foreach (var refused in search.Refused)
            Console.Error.WriteLine($"atelier: ignoring incomplete snapshot {refused.Name}: {refused.Reason}");
        using var newest = search.Snapshot ?? throw new UserErrorException($"{path} has no complete snapshot; train first, or name an export (.safetensors)");
        return StateSections.Restore(newest);
    }

    /// <summary>The run that a network belongs to: its folder, or the one above a snapshot's or export's; null for none.</summary>
    public static RunFolder? RunFolderOf(string path)
    {
        for (var folder = Path.GetFullPath(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(new RunFolder(folder).Record))
                return new RunFolder(folder);
            if (folder != Path.GetFullPath(path) && Path.GetFileName(folder) != "snapshots")
                return null;
        }
        return null;
    }

    private static OpenSnapshot Open(SnapshotStore store, SnapshotName name, string path)
    {
        try
        {
            return store.OpenAsync(name, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (SnapshotDamagedException e)
        {
            throw new UserErrorException($"snapshot {path} cannot be used: {e.Message}; name another one, or the run folder for its newest complete one", e);
        }
    }
}
