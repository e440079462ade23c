using System.CommandLine;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier snapshots</c>: the snapshots of a run, oldest first.</summary>
internal static class SnapshotsCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("DIR") { Description = "a run's folder" };
        var json = new Option<bool>("--json") { Description = "print one JSON array" };
        var command = new Command("snapshots", "List a run's snapshots, oldest first") { run, json };
        command.SetAction(parsed => Run(parsed.GetValue(run)!, parsed.GetValue(json)));
        return command;
    }

    private static int Run(string folder, bool json)
    {
        if (!Directory.Exists(folder))
            throw new UserErrorException($"{folder}: there is no such folder");
        var store = new SnapshotStore(new FolderBlobStore(Path.GetFullPath(folder)), TimeProvider.System);
        var entries = store.ListAsync(CancellationToken.None).GetAwaiter().GetResult();
        if (entries.Count == 0 && RunRecord.TryLoad(new RunFolder(folder)) is null)
            throw new UserErrorException($"{folder} is no run's folder: it has neither run.json nor snapshots");
        if (json)
        {
            Console.WriteLine(new JsonArray([.. entries.Where(entry => entry.Damage is null).Select(entry => (JsonNode)new JsonObject
            {
                ["kimg"] = entry.Name.At.Kimg,
                ["path"] = PathOf(folder, entry.Name),
                ["state_sha256"] = entry.Manifest!.StateSha256,
            })]).ToJsonString());
        }
        else
        {
            foreach (var entry in entries)
                Console.WriteLine($"{entry.Name}  {(entry.Damage is { } damage ? $"DAMAGED: {damage}" : entry.Manifest!.StateSha256)}");
        }
        if (entries.Count == 0)
            Console.Error.WriteLine($"atelier: {folder} has no snapshot yet");
        foreach (var damaged in entries.Where(entry => json && entry.Damage is not null))
            Console.Error.WriteLine($"atelier: snapshot {damaged.Name} is damaged: {damaged.Damage}");
        return ExitCode.Success;
    }

    private static string PathOf(string folder, SnapshotName name) => Path.Combine(folder, SnapshotStore.FolderOf(name));
}
