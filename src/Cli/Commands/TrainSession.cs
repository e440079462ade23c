using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Training.Ops;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Commands;

/// <summary>Runs a training request to its end or to a signal, and sums up.</summary>
internal static class TrainSession
{
    public static int Run(TrainRequest request, LoggedDisplay display, bool json)
    {
        if (OpKernels.WhyPlain(request.Device) is { } why)
            display.Say(why);
        var stop = new StopFlag();
        // The first signal finishes the iteration and snapshots; the second one ends the process as usual.
        int signals = 0;
        void Handle(PosixSignalContext context)
        {
            if (Interlocked.Increment(ref signals) > 1)
                return;
            context.Cancel = true;
            display.Say("finishing this iteration and saving a snapshot; press Ctrl-C again to quit now");
            stop.Request();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);

        var outcome = Execute(request, display, stop);
        foreach (string line in Summary(outcome))
        {
            if (json)
                display.Note(line);
            else
                display.Say(line);
        }
        if (json)
            Console.WriteLine(ToJson(outcome).ToJsonString());
        if (!outcome.IsDurable)
            throw new IOException("the final snapshot could not be written; free some disk space and run the same command again: it continues from the newest snapshot, or starts over if there is none");
        return outcome.End switch
        {
            LoopEnd.Finished => ExitCode.Success,
            LoopEnd.NonFinite => ExitCode.NonFinite,
            // A time limit that was asked for is a success; a signal is not.
            _ => signals > 0 ? ExitCode.Interrupted : ExitCode.Success,
        };
    }

    private static RunOutcome Execute(TrainRequest request, LoggedDisplay display, StopFlag stop)
    {
        try
        {
            return request.Workers > 1 ? ProcessRun.Execute(request, display, stop, TimeProvider.System) : LocalRun.Execute(request, display, stop, TimeProvider.System);
        }
        catch (Exception e) when (e is UserErrorException or IOException or UnauthorizedAccessException)
        {
            display.Note($"failed: {e.Message}");
            throw;
        }
    }

    private static IEnumerable<string> Summary(RunOutcome outcome)
    {
        yield return "";
        yield return $"{outcome.End switch { LoopEnd.Finished => "finished", LoopEnd.NonFinite => "stopped: gradients stayed non-finite", _ => "stopped" }} at {outcome.Images} after {TickReport.Format(outcome.Trained)} of training, {outcome.ImagesPerSecond:0.0} images/s";
        string snapshots = outcome.SnapshotStallShare is { } stalled ? $", for snapshots {stalled:0.0%}" : "";
        yield return $"waited for images {outcome.DataWaitShare:0.0%}{snapshots} of the time";
        yield return $"state {outcome.StateSha256}";
        foreach (var (what, path) in outcome.Files)
            yield return $"{what + ":",-14} {path}";
        if (outcome.End == LoopEnd.Stopped)
            yield return "run the same command again to continue";
        foreach (string line in outcome.Advice)
            yield return line;
    }

    private static JsonObject ToJson(RunOutcome outcome) => new()
    {
        ["end"] = outcome.End.ToString().ToLowerInvariant(),
        ["kimg"] = outcome.Images.Kimg,
        ["seconds"] = Math.Round(outcome.Trained.TotalSeconds, 3),
        ["images_per_s"] = Math.Round(outcome.ImagesPerSecond, 3),
        ["data_wait_share"] = Math.Round(outcome.DataWaitShare, 5),
        ["snapshot_stall_share"] = outcome.SnapshotStallShare is { } stalled ? Math.Round(stalled, 5) : null,
        ["state_sha256"] = outcome.StateSha256,
        ["last_good"] = outcome.LastGood,
        ["files"] = new JsonObject(outcome.Files.Select(file => KeyValuePair.Create(file.What, (JsonNode?)file.Path))),
    };
}
