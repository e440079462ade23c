using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;

namespace Atelier.Cli.Cluster;

/// <summary>
/// The coordinator and the workers of one run, as processes of this machine. One that crashes is restarted; one that
/// exits with a usage error ends the run. All end with this process, however it ends, because their standard input closes.
/// </summary>
/// <param name="say">Receives messages for the user.</param>
internal sealed class LocalProcesses(Action<string> say) : IDisposable
{
    /// <summary>A process that ends sooner than this has failed to start; after <see cref="MostShortLives"/> in a row it is not started again.</summary>
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    private const int MostShortLives = 3;

    private readonly ConcurrentDictionary<string, Process> _running = new();
    private readonly TaskCompletionSource<string> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;

    /// <summary>Completes with the error message of a process that cannot work.</summary>
    public Task<string> Failed => _failed.Task;

    /// <summary>Starts one.</summary>
    /// <param name="name">Its name in messages.</param>
    /// <param name="arguments">The command and its options; it takes <c>--until-stdin-closes</c>.</param>
    public void Start(string name, IReadOnlyList<string> arguments) => Start(name, arguments, 0);

    /// <summary>Processor time used by one of them.</summary>
    public TimeSpan ProcessorTime(string name)
    {
        _running[name].Refresh();
        return _running[name].TotalProcessorTime;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping = true;
        foreach (var process in _running.Values)
            process.StandardInput.Close();
        foreach (var process in _running.Values)
        {
            if (!process.WaitForExit(EndPatience))
                process.Kill();
            process.Dispose();
        }
    }

    private void Start(string name, IReadOnlyList<string> arguments, int shortLives)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "atelier.dll"));
        foreach (string argument in (string[])[.. arguments, "--until-stdin-closes"])
            start.ArgumentList.Add(argument);
        var began = Stopwatch.StartNew();
        string last = "";
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.ErrorDataReceived += (_, line) => last = line.Data ?? last;
        process.OutputDataReceived += (_, _) => { };
        process.Exited += (_, _) => OnExit(process, name, arguments, began.Elapsed < ShortLife ? shortLives + 1 : 0, () => last);
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        _running[name] = process;
    }

    private void OnExit(Process process, string name, IReadOnlyList<string> arguments, int shortLives, Func<string> last)
    {
        if (_isStopping)
            return;
        // Waits until its output has been read to the end.
        process.WaitForExit();
        string said = last().Replace("atelier: ", "", StringComparison.Ordinal);
        if (process.ExitCode == ExitCode.Usage || shortLives >= MostShortLives)
        {
            _failed.TrySetResult(said.Length > 0 ? said : $"{name} exited with code {process.ExitCode}");
            return;
        }
        say($"{name} exited ({(process.ExitCode > 128 ? $"signal {process.ExitCode - 128}" : $"exit code {process.ExitCode}{(said.Length > 0 ? $": {said}" : "")}")}); restarting it, training continues");
        Start(name, arguments, shortLives);
    }
}

/// <summary>The process that started this one, where this one has to end with it.</summary>
internal static class ParentProcess
{
    public static Option<bool> ExitOption() => new("--until-stdin-closes") { Description = "exit together with the process that started this one", Hidden = true };

    /// <summary>
    /// Whether this process ends with its parent, and by nothing else that is meant for both: Ctrl-C on a terminal, and a service manager's
    /// SIGTERM, go to all processes of a group at once, and the parent needs these to save before they end.
    /// </summary>
    public static bool EndsThisOne { get; private set; }

    /// <summary>Ends this process when its parent ends: the parent holds the other end of standard input, which the system closes then.</summary>
    public static void ExitWithIt()
    {
        EndsThisOne = true;
        new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            var buffer = new byte[64];
            while (input.Read(buffer) > 0)
            {
            }
            Environment.Exit(ExitCode.Success);
        })
        { IsBackground = true, Name = "stdin" }.Start();
    }
}
