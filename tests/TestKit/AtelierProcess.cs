using System.Diagnostics;
using System.Globalization;

namespace Atelier.TestKit;

/// <summary>The command line as a person runs it: a process of its own. What it prints is kept by line, as it comes.</summary>
public sealed class AtelierProcess : IDisposable
{
    /// <summary>No command of a test takes this long, on a machine however busy; one that does hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Lines _output = new();
    private readonly Lines _errors = new();

    private AtelierProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => _output.Add(line.Data);
        process.ErrorDataReceived += (_, line) => _errors.Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The process' number; that of the launcher, unless it becomes the command.</summary>
    public int Id => _process.Id;

    /// <summary>Runs a command to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    public static AtelierResult Run(params IEnumerable<string> arguments)
    {
        using var process = Start(arguments);
        return process.WaitForExit();
    }

    /// <summary>Runs a benchmark of <c>bench/Bench</c> to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    public static AtelierResult RunBench(params IEnumerable<string> arguments)
    {
        using var process = Start("atelier-bench.dll", arguments, []);
        return process.WaitForExit();
    }

    /// <summary>Starts a command.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="launcher">A program and arguments of its own to start it with, such as <c>taskset -c 0</c>.</param>
    public static AtelierProcess Start(IEnumerable<string> arguments, params IReadOnlyList<string> launcher) => Start("atelier.dll", arguments, launcher);

    /// <summary>Starts a command of another build.</summary>
    /// <param name="build">The folder that has it.</param>
    /// <param name="arguments">Its arguments.</param>
    public static AtelierProcess StartOf(string build, IEnumerable<string> arguments) => Start(Path.Combine(build, "atelier.dll"), arguments, []);

    private static void Kill(string signal, string whom)
    {
        using var kill = Process.Start("sh", ["-c", $"kill -{signal} {whom}"]);
        kill.WaitForExit();
    }

    private static AtelierProcess Start(string program, IEnumerable<string> arguments, IReadOnlyList<string> launcher)
    {
        string[] all = [.. launcher, "dotnet", Path.Combine(AppContext.BaseDirectory, program), .. arguments];
        var start = new ProcessStartInfo(all[0], all[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // What the process that runs the tests was started with is not what these runs are to be computed with.
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("OMP_", StringComparison.Ordinal) || name.StartsWith("ATELIER_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(variable);
        return new AtelierProcess(Process.Start(start)!);
    }

    /// <summary>Waits until so many lines were printed that are wanted.</summary>
    /// <param name="count">How many.</param>
    /// <param name="isWanted">Which.</param>
    /// <returns>False if the process ended without them.</returns>
    public bool WaitForLines(int count, Func<string, bool> isWanted) => _output.WaitFor(count, isWanted, Patience);

    /// <summary>All that was printed so far.</summary>
    public string Printed => string.Join('\n', _output.ToArray().Concat(_errors.ToArray()));

    /// <summary>How many lines were printed so far that are wanted.</summary>
    public int Count(Func<string, bool> isWanted) => _output.ToArray().Count(isWanted);

    /// <summary>Goes on as soon as something is the case, or the process has ended. Meant for moments too short to be told of.</summary>
    /// <param name="isSo">What to look for, again and again.</param>
    /// <returns>Whether it was the case.</returns>
    public bool SpinUntil(Func<bool> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!_process.HasExited && clock.Elapsed < Patience)
        {
            if (isSo())
                return true;
        }
        return false;
    }

    /// <summary>Lets the process go on for a time.</summary>
    /// <returns>Whether it still runs.</returns>
    public bool RunsAfter(TimeSpan time) => !_process.WaitForExit(time);

    /// <summary>Ends the process by SIGKILL.</summary>
    /// <returns>Whether it was alive to be hit.</returns>
    public bool Kill()
    {
        _process.Kill();
        _process.WaitForExit();
        return _process.ExitCode == 128 + 9;
    }

    /// <summary>Sends a signal.</summary>
    /// <param name="name">Its name, such as <c>INT</c>.</param>
    public void Signal(string name) => Kill(name, $"{_process.Id}");

    /// <summary>Sends a signal to the process and all that it has started, as a terminal does; it was started by <c>setsid</c>.</summary>
    /// <param name="name">Its name, such as <c>INT</c>.</param>
    public void SignalGroup(string name) => Kill(name, $"-{_process.Id}");

    /// <summary>Whether a signal is ignored here, and so by every process that is started.</summary>
    /// <param name="signal">Its number.</param>
    public static bool Ignores(int signal)
    {
        var mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..].Trim();
        return (ulong.Parse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1ul << (signal - 1))) != 0;
    }

    /// <summary>Waits for the end.</summary>
    /// <param name="patience">For how long; null: as long as commands of tests take.</param>
    /// <exception cref="TimeoutException">It does not come; the process is killed, and the message has what it printed.</exception>
    public AtelierResult WaitForExit(TimeSpan? patience = null)
    {
        if (!_process.WaitForExit(patience ?? Patience))
        {
            Kill();
            throw new TimeoutException($"the process did not end:\n{Printed}");
        }
        _process.WaitForExit(); // once more without a time: until all that was printed has been read
        return new AtelierResult(_process.ExitCode, _output.ToArray(), _errors.ToArray());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    /// <summary>Lines that come from another thread; a monitor tells those who wait.</summary>
    private sealed class Lines
    {
        private readonly List<string> _lines = [];
        private bool _ended;

        public void Add(string? line)
        {
            lock (_lines)
            {
                if (line is null)
                    _ended = true;
                else
                    _lines.Add(line);
                Monitor.PulseAll(_lines);
            }
        }

        public bool WaitFor(int count, Func<string, bool> isWanted, TimeSpan patience)
        {
            var clock = Stopwatch.StartNew();
            lock (_lines)
            {
                while (_lines.Count(isWanted) < count)
                {
                    if (_ended)
                        return false;
                    var left = patience - clock.Elapsed;
                    if (left <= TimeSpan.Zero || !Monitor.Wait(_lines, left))
                        throw new TimeoutException($"it was not printed within {patience}:\n{string.Join('\n', _lines)}");
                }
                return true;
            }
        }

        public string[] ToArray()
        {
            lock (_lines)
                return [.. _lines];
        }
    }
}
