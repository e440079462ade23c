namespace Atelier.Core.Fleet;

// Mistakes of people about runs and workers, by kind: callers over the network are told a status for each, whatever the message says.

/// <summary>There is no such run.</summary>
public sealed class RunNotFoundException : UserErrorException
{
    public RunNotFoundException()
    {
    }

    public RunNotFoundException(string message) : base(message)
    {
    }

    public RunNotFoundException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>Names the run.</summary>
    public static RunNotFoundException Of(string run) => new($"no run named {run}; `atelier ls --all` lists all runs");
}

/// <summary>There is another run of that name.</summary>
public sealed class RunExistsException : UserErrorException
{
    public RunExistsException()
    {
    }

    public RunExistsException(string message) : base(message)
    {
    }

    public RunExistsException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>The run's state does not allow it; the message names the state.</summary>
public sealed class RunStateException : UserErrorException
{
    public RunStateException()
    {
    }

    public RunStateException(string message) : base(message)
    {
    }

    public RunStateException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>There is no such worker.</summary>
public sealed class WorkerNotFoundException : UserErrorException
{
    public WorkerNotFoundException()
    {
    }

    public WorkerNotFoundException(string message) : base(message)
    {
    }

    public WorkerNotFoundException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>Names the worker.</summary>
    public static WorkerNotFoundException Of(string worker) => new($"no worker named {worker}; `atelier workers` lists all workers");
}
