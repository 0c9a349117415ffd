# Finds a JDK for Pagewright. Sourced by ./pagewright, ./test and .ci/run; runs nothing by itself.
#
# The order: JAVA_HOME, then the java on the PATH, then the places where systems keep their JDKs.
# The version is read from the JDK's own `release` file, so looking costs no process; only a JDK
# without that file is asked with -version. Newer than 25 is fine, a runtime without a compiler is
# not.

PAGEWRIGHT_JAVA_MIN=25

# jdk_version HOME: prints the feature version ("25"), or nothing if HOME holds no JDK.
jdk_version() {
  local home=$1 line version=
  [[ -x $home/bin/java && -x $home/bin/javac ]] || return 0
  if [[ -r $home/release ]]; then
    while IFS= read -r line; do
      case $line in
        JAVA_VERSION=*) version=${line#JAVA_VERSION=} && version=${version//\"/} ;;
      esac
    done <"$home/release"
  fi
  if [[ -z $version ]]; then
    version=$("$home/bin/java" -version 2>&1 | sed -n '1s/.*"\([^"]*\)".*/\1/p')
  fi
  version=${version%%[!0-9]*}
  printf '%s' "$version"
}

# jdk_fits HOME: true if HOME holds a JDK that is new enough.
jdk_fits() {
  local version
  version=$(jdk_version "$1")
  [[ -n $version ]] && ((version >= PAGEWRIGHT_JAVA_MIN))
}

# find_jdk: sets and exports JAVA_HOME; returns 1 if there is no JDK that fits.
find_jdk() {
  local java home
  if [[ -n ${JAVA_HOME:-} ]] && jdk_fits "$JAVA_HOME"; then
    export JAVA_HOME
    return 0
  fi
  if java=$(command -v java); then
    java=$(readlink -f "$java")
    home=${java%/bin/java}
    if [[ $home != "$java" ]] && jdk_fits "$home"; then
      export JAVA_HOME=$home
      return 0
    fi
  fi
  for home in /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
      "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.jdks/* \
      /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [[ -d $home ]] && jdk_fits "$home"; then
      export JAVA_HOME=$home
      return 0
    fi
  done
  return 1
}

# require_jdk: find_jdk, or end the script with what to install.
require_jdk() {
  find_jdk && return 0
  {
    echo "pagewright: no JDK $PAGEWRIGHT_JAVA_MIN or newer found: not in JAVA_HOME,"
    echo "  not on the PATH, not in /usr/lib/jvm."
    if [[ -n ${JAVA_HOME:-} ]]; then
      echo "  JAVA_HOME is $JAVA_HOME, version: $(jdk_version "$JAVA_HOME")"
    fi
    echo "  Install one (Debian, Ubuntu: apt-get install openjdk-25-jdk-headless or temurin-25-jdk;"
    echo "  Fedora: dnf install java-25-openjdk-devel; macOS: brew install openjdk@25),"
    echo "  or set JAVA_HOME to the folder of one that is there already."
  } >&2
  exit 69
}

# require_maven: end the script with what to install if there is no mvn.
require_maven() {
  command -v mvn >/dev/null && return 0
  {
    echo "pagewright: Maven (mvn, 3.8 or newer) is not on the PATH."
    echo "  Install it (Debian, Ubuntu: apt-get install maven; Fedora: dnf install maven;"
    echo "  macOS: brew install maven)."
  } >&2
  exit 69
}

# use_utf8: file names are bytes, and the JVM keeps those that are not ASCII only in a UTF-8 locale.
use_utf8() {
  case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
    *[Uu][Tt][Ff]*8*) ;;
    *) export LC_ALL=C.UTF-8 ;;
  esac
}
