namespace Atelier.Kernels;

/// <summary>
/// The threads that one computation is divided over, each a fixed share. Not the thread pool: that carries heartbeats, and
/// its shares would depend on what else runs.
/// </summary>
/// <remarks>
/// A team belongs to the thread that first asks for it (<see cref="Current"/>), and only that thread may use it. A kernel's
/// bits never depend on the number of threads: what is divided is independent, and what is summed is summed in a fixed order.
/// </remarks>
public sealed class ThreadTeam : IDisposable
{
    private const int SpinsBeforeSleep = 2000;

    [ThreadStatic]
    private static ThreadTeam? _current;

    private readonly Thread[] _helpers;
    private readonly SemaphoreSlim[] _wake;
    private Action<int, int>? _work;
    private Exception? _failure;
    private int _count;
    private int _shares = 1;
    private int _running;
    private volatile bool _ended;

    /// <summary>Starts a team of <paramref name="threads"/>, its owner among them.</summary>
    public ThreadTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _helpers = new Thread[threads - 1];
        _wake = new SemaphoreSlim[threads - 1];
        for (int i = 0; i < _helpers.Length; i++)
        {
            int helper = i;
            _wake[i] = new SemaphoreSlim(0);
            _helpers[i] = new Thread(() => Help(helper)) { Name = $"kernel {helper + 1}", IsBackground = true };
            _helpers[i].Start();
        }
    }

    /// <summary>Threads of the teams that <see cref="Current"/> makes from now on: the spec's <c>threads</c>.</summary>
    public static int DefaultThreads { get; set; } = 1;

    /// <summary>The calling thread's team; made on first use.</summary>
    public static ThreadTeam Current
    {
        get
        {
            if (_current is { } team && team.Threads == DefaultThreads)
                return team;
            _current?.Dispose();
            return _current = new ThreadTeam(DefaultThreads);
        }
    }

    /// <summary>Threads, the owner's included.</summary>
    public int Threads => _helpers.Length + 1;

    /// <summary>Divides 0 to <paramref name="count"/> into one contiguous share per thread and waits for all.</summary>
    /// <param name="count">Pieces of work.</param>
    /// <param name="grain">Fewest pieces that are worth a thread.</param>
    /// <param name="work">Gets begin and end of its share.</param>
    public void For(int count, int grain, Action<int, int> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (count <= 0)
            return;
        int shares = Math.Min(Threads, Math.Max(1, count / Math.Max(1, grain)));
        if (shares == 1)
        {
            work(0, count);
            return;
        }
        (_work, _count, _failure) = (work, count, null);
        _shares = shares;
        Volatile.Write(ref _running, shares - 1);
        for (int i = 0; i < shares - 1; i++)
            _wake[i].Release();
        RunShare(0);
        var spin = default(SpinWait);
        while (Volatile.Read(ref _running) > 0)
            spin.SpinOnce(sleep1Threshold: -1);
        _work = null;
        if (_failure is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended = true;
        foreach (var wake in _wake)
            wake.Release();
        foreach (var helper in _helpers)
            helper.Join();
        foreach (var wake in _wake)
            wake.Dispose();
    }

    private void RunShare(int share)
    {
        try
        {
            _work!((int)((long)_count * share / _shares), (int)((long)_count * (share + 1) / _shares));
        }
#pragma warning disable CA1031 // handed to the owner, which throws it
        catch (Exception e)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _failure, e, null);
        }
    }

    private void Help(int helper)
    {
        while (true)
        {
            // Spins a little first: between the kernels of a step there is less time than a wake-up takes.
            for (int spins = 0; _wake[helper].CurrentCount == 0 && spins < SpinsBeforeSleep; spins++)
                Thread.SpinWait(8);
            _wake[helper].Wait();
            if (_ended)
                return;
            RunShare(helper + 1);
            Interlocked.Decrement(ref _running);
        }
    }
}
