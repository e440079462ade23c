using Atelier.Core;

namespace Atelier.Training.Data;

/// <summary>A dataset that cannot be trained on as asked; the message names the file and says what to change.</summary>
public sealed class DatasetException : UserErrorException
{
    /// <summary>Creates an error without a message.</summary>
    public DatasetException()
    {
    }

    /// <summary>Creates an error with a message.</summary>
    public DatasetException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an error with a message and its cause.</summary>
    public DatasetException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Creates an error of a kind.</summary>
    public DatasetException(DatasetProblem problem, string message, Exception? inner = null)
        : base(message, inner!) => Problem = problem;

    /// <summary>What is wrong.</summary>
    public DatasetProblem Problem { get; }
}
