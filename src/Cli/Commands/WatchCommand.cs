using System.CommandLine;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
using Atelier.Protos;
using Atelier.Worker.Runs;
using Grpc.Core;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier watch</c>: follows a run to its end, through ends of coordinators and broken connections.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("run") { Description = "the run's name" };
        var command = new Command("watch", "Follow a run until it ends or pauses; the exit code says how it ended") { run };
        var output = new OutputOption("text");
        output.AddTo(command);
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, replicas => new RunWatch(replicas, parsed.GetValue(run)!, output.IsJson(parsed), TimeProvider.System).FollowAsync()));
        return command;
    }
}

/// <summary>Prints what happens to a run. After a break it goes on with the event after the last one that it has seen.</summary>
/// <param name="replicas">Whom to ask.</param>
/// <param name="name">The run.</param>
/// <param name="isJson">Whether to print JSON lines.</param>
/// <param name="time">The clock.</param>
internal sealed class RunWatch(CoordinatorReplicas replicas, string name, bool isJson, TimeProvider time)
{
    /// <summary>A coordinator that has been silent for so long is not waited for any more.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private long _after;
    private readonly LiveLine _line = new();
    private readonly LineClock _lines = new(time);
    private long? _silentSince;
    private Run? _last;

    /// <summary>Follows the run until it ends, pauses or is deleted.</summary>
    /// <returns>The exit code that says which.</returns>
    /// <exception cref="RpcException">There is no such run, or no coordinator answers.</exception>
    public async Task<int> FollowAsync()
    {
        while (true)
        {
            try
            {
                await ReadAsync(await replicas.ConnectAsync());
                if (CodeOf(_last) is { } code)
                    return code;
            }
            catch (RpcException e) when (_last is not null && e.StatusCode == StatusCode.NotFound)
            {
                Say($"{name} was deleted from the coordinator");
                return ExitCode.RunGone;
            }
            catch (RpcException e) when (_last is not null && IsBreak(e) && (_silentSince is not { } since || time.GetElapsedTime(since) < Patience))
            {
                if (_silentSince is null)
                    await Console.Error.WriteLineAsync($"atelier: lost the connection to the coordinator ({e.Status.Detail}); reconnecting");
                _silentSince ??= time.GetTimestamp();
            }
            await Task.Delay(Pause, time);
        }
    }

    private static bool IsBreak(RpcException e) => CoordinatorReplicas.IsAway(e) || e.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled or StatusCode.Aborted;

    /// <summary>How a run ended; null while it goes on.</summary>
    private static int? CodeOf(Run? run) => run?.Status switch
    {
        RunStatus.Finished => ExitCode.Success,
        RunStatus.Failed => ExitCode.RunFailed,
        RunStatus.Cancelled => ExitCode.RunCancelled,
        RunStatus.Paused => ExitCode.RunPaused,
        _ => null,
    };

    private async Task ReadAsync(Protos.Runs.RunsClient runs)
    {
        using var call = runs.Watch(new WatchRequest { Run = name, AfterEvent = _after });
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            _silentSince = null;
            Show(call.ResponseStream.Current);
            // An ended run is followed until its last metric is known; a paused one may stay so for months.
            if (_last is { Status: RunStatus.Paused })
                return;
        }
    }

    private void Show(WatchUpdate update)
    {
        if (update.Event is { } happened)
        {
            _after = happened.Number;
            _line.Print(isJson ? new JsonObject { ["event"] = RunLines.ToJson(happened) }.ToJsonString() : $"{RunLines.Clock(happened.AtUnixMs)} {happened.Text}");
            _lines.Told();
        }
        if (update.Run is not { } run)
            return;
        if (isJson)
            _line.Print(new JsonObject { ["run"] = RunLines.ToJson(run) }.ToJsonString());
        else if (_last is null || _last.Status != run.Status || _last.Reason != run.Reason)
            _line.Print(RunLines.Sentence(run));
        if (!isJson && run.Status == RunStatus.Running)
            ShowProgress(RunLines.ProgressOf(run));
        else
            _line.Clear();
        _last = run;
    }

    /// <summary>As `train` shows it: a live line on a terminal, elsewhere a line where a minute has passed without another.</summary>
    private void ShowProgress(RunProgress progress)
    {
        _line.Show(progress.ToLine);
        if (_line.IsLive || !_lines.IsDue)
            return;
        _line.Print(progress.ToLine());
        _lines.Told();
    }

    private void Say(string line) => _line.Print(isJson ? new JsonObject { ["say"] = line }.ToJsonString() : line);
}
