using System.CommandLine;
using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Access;

namespace Atelier.Cli.Cluster;

/// <summary>The options that name a coordinator's database. A password is never among them: every user of the machine can read command lines.</summary>
internal sealed class DatabaseOption
{
    /// <summary>The environment variable with what <c>--database</c> takes, and a password where one is needed.</summary>
    public const string Variable = "ATELIER_DATABASE";

    private const string Default = "coordinator.db";
    private const string PostgresScheme = "postgres:";

    private readonly Option<string?> _database = new("--database")
    {
        Description = $"a SQLite file, or {PostgresScheme}CONNECTION, without a password, for replicas to share (or set {Variable}; default: {Default})",
    };

    private readonly Option<string?> _file = new("--database-file") { Description = $"a file with the value of --database, which may include a password" };

    public void AddTo(Command command)
    {
        command.Options.Add(_database);
        command.Options.Add(_file);
    }

    /// <summary>The database that is named.</summary>
    /// <exception cref="UserErrorException">It is named twice, or has a password on the command line; or the file cannot be read, or is readable by all.</exception>
    public CoordinatorDatabase Open(ParseResult parsed)
    {
        var given = parsed.GetValue(_database);
        // What this command line names goes before what was set for many.
        var variable = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value ? value : null;
        var path = parsed.GetValue(_file);
        if (given is not null && path is not null)
            throw new UserErrorException($"{_database.Name} and {_file.Name} both name a database; leave one out");
        if (given?.StartsWith(PostgresScheme, StringComparison.Ordinal) == true && PostgresDatabase.HasPassword(given[PostgresScheme.Length..]))
            throw new UserErrorException($"every user of this machine can read command lines, so passwords are not accepted there; set {Variable} or use {_file.Name}");
        string text = given ?? (path is not null ? SecretFile.Read(path, _file.Name) : variable ?? Default);
        return text.StartsWith(PostgresScheme, StringComparison.Ordinal) ? new PostgresDatabase(text[PostgresScheme.Length..]) : new SqliteDatabase(text);
    }
}
