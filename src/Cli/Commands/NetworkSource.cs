using Atelier.Core;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Exports;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Runs;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

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
            throw new UserErrorException($"{path}: there is no such file or folder; give an export (.safetensors), a run's folder, or a snapshot's");
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
            Console.Error.WriteLine($"atelier: snapshot {refused.Name} is not whole and is not used: {refused.Reason}");
        using var newest = search.Snapshot ?? throw new UserErrorException($"{path}: it has no whole snapshot; train first, or give an export (.safetensors)");
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
            throw new UserErrorException($"the snapshot {path} cannot be used: {e.Message}; name another one, or the run's folder for its newest whole one", e);
        }
    }
}
